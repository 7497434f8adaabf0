"""Rows of the chunk, level and gap tables: reading and writing them on one connection."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from operator import attrgetter

import numpy as np

from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.ports import HistoryGap
from storage.history.codec import Chunk, ChunkCodec
from storage.history.samples import Buckets, Int64, joined_buckets
from storage.sql import SqlConnection

LONGEST_SPAN_US = MICROSECONDS_PER_DAY
"""No chunk reaches over the end of its UTC day; queries lean on that."""

_HOUR_S = 3600
_values = attrgetter(*(field.name for field in fields(Chunk)))
_COLUMNS = ", ".join(field.name for field in fields(Chunk))
_INSERT = (
    f"INSERT INTO chunk (tag_key, revision, is_part, {_COLUMNS}) "
    f"VALUES (?, ?, ?, {', '.join('?' * len(fields(Chunk)))})"
)
_SELECT = (
    f"SELECT id, revision, is_part, {_COLUMNS} FROM chunk "
    "WHERE tag_key = ? AND first_us >= ? AND first_us < ? AND last_us >= ? ORDER BY first_us"
)
_INSERT_LEVEL = (
    "INSERT INTO level (tag_key, step_s, start_us, span_s, revision, buckets, code, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tag_key, step_s, start_us, span_s, revision) "
    "DO UPDATE SET buckets = excluded.buckets, code = excluded.code, body = excluded.body"
)
_INSERT_GAP = (
    "INSERT INTO gap (tag_key, end_us, start_us, cause) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (tag_key, end_us, start_us) DO UPDATE SET cause = excluded.cause"
)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its place: row id, revision, and whether its hour is still open."""

    id: int
    revision: int
    is_part: bool
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Buckets of one tag, step and revision: a day (``span_s`` 86400), or an hour of a day not yet over."""

    start_us: int
    span_s: int
    revision: int
    buckets: Buckets


class ChunkTables:
    """Reads and writes on the connection given; transactions are the caller's."""

    def __init__(self, connection: SqlConnection, codec: ChunkCodec) -> None:
        self._connection = connection
        self.codec = codec

    def insert(self, tag_key: int, chunk: Chunk, *, revision: int, is_part: bool = False) -> None:
        """Write one chunk."""
        self._connection.execute(_INSERT, (tag_key, revision, int(is_part), *_values(chunk)))

    def chunks(self, tag_key: int, *, start_us: int, end_us: int) -> list[StoredChunk]:
        """Return the chunks of a tag that touch the window, in order of their beginning."""
        parameters = (tag_key, start_us - LONGEST_SPAN_US, end_us, start_us)
        return [_stored(row) for row in self._connection.execute(_SELECT, parameters)]

    def all_chunks(self, tag_key: int) -> Iterator[StoredChunk]:
        """Yield every chunk of a tag, one at a time."""
        query = f"SELECT id, revision, is_part, {_COLUMNS} FROM chunk WHERE tag_key = ? ORDER BY first_us"
        for row in self._connection.execute(query, (tag_key,)):
            yield _stored(row)

    def parts(self, tag_key: int) -> list[StoredChunk]:
        """Return the chunks of a tag whose hour is still open."""
        query = f"SELECT id, revision, is_part, {_COLUMNS} FROM chunk WHERE is_part = 1 AND tag_key = ?"
        return [_stored(row) for row in self._connection.execute(query, (tag_key,))]

    def open_hours(self, *, before_us: int) -> list[tuple[int, int]]:
        """Return (tag, first sample) of every part that begins before the instant."""
        query = "SELECT tag_key, first_us FROM chunk WHERE is_part = 1 AND first_us < ?"
        return list(self._connection.execute(query, (before_us,)))

    def delete(self, chunk_ids: Iterable[int]) -> None:
        """Remove chunks by id."""
        self._connection.executemany("DELETE FROM chunk WHERE id = ?", [(each,) for each in chunk_ids])

    def close_part(self, chunk_id: int) -> None:
        """Leave a part that cannot be decoded where it is, as a chunk of its own."""
        self._connection.execute("UPDATE chunk SET is_part = 0 WHERE id = ?", (chunk_id,))

    def last_before(self, tag_key: int, instant_us: int) -> tuple[int, int] | None:
        """Return time and period of the newest sample in finished chunks before the instant."""
        query = (
            "SELECT last_us, period_us FROM chunk WHERE tag_key = ? AND first_us < ? AND last_us < ? "
            "AND is_part = 0 ORDER BY first_us DESC LIMIT 1"
        )
        found = self._connection.execute(query, (tag_key, instant_us, instant_us)).fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    def first_after(self, tag_key: int, instant_us: int) -> tuple[int, int] | None:
        """Return time and period of the first sample of the next finished chunk from the instant on."""
        query = (
            "SELECT first_us, period_us FROM chunk WHERE tag_key = ? AND first_us >= ? AND is_part = 0 "
            "ORDER BY first_us LIMIT 1"
        )
        found = self._connection.execute(query, (tag_key, instant_us)).fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    def oldest(self, tag_key: int) -> int | None:
        """Return the first raw sample still kept in chunks."""
        query = "SELECT min(first_us) FROM chunk WHERE tag_key = ?"
        found = self._connection.execute(query, (tag_key,)).fetchone()[0]
        return None if found is None else int(found)

    def write_level(
        self, tag_key: int, buckets: Buckets, *, step_s: int, start_us: int, span_s: int, revision: int
    ) -> None:
        """Write or replace one level row."""
        code, body = self.codec.encode_buckets(
            buckets, origin_us=start_us, step_us=step_s * MICROSECONDS_PER_SECOND
        )
        row = (tag_key, step_s, start_us, span_s, revision, len(buckets), code, body)
        self._connection.execute(_INSERT_LEVEL, row)

    def level_rows(
        self, tag_key: int, *, step_s: int, start_us: int, end_us: int, most_span_s: int = 86400
    ) -> list[LevelRow]:
        """Return the level rows of a tag that touch the window, in time order."""
        query = (
            "SELECT start_us, span_s, revision, buckets, code, body FROM level "
            "WHERE tag_key = ? AND step_s = ? AND start_us > ? AND start_us < ? AND span_s <= ? "
            "ORDER BY start_us, revision"
        )
        rows = self._connection.execute(
            query, (tag_key, step_s, start_us - LONGEST_SPAN_US, end_us, most_span_s)
        )
        step_us = step_s * MICROSECONDS_PER_SECOND
        return [
            LevelRow(
                start,
                span,
                revision,
                self.codec.decode_buckets(body, code=code, count=count, origin_us=start, step_us=step_us),
            )
            for start, span, revision, count, code, body in rows
        ]

    def tag_keys(self) -> list[int]:
        """Return every tag that has a row, by one look-up each instead of a walk over all rows."""
        query = (
            "WITH RECURSIVE known(k) AS (SELECT min(tag_key) FROM {table} UNION ALL "
            "SELECT (SELECT min(tag_key) FROM {table} WHERE tag_key > known.k) FROM known "
            "WHERE known.k IS NOT NULL) SELECT k FROM known WHERE k IS NOT NULL"
        )
        found: set[int] = set()
        for table in ("chunk", "level", "gap"):
            found.update(int(row[0]) for row in self._connection.execute(query.format(table=table)))
        return sorted(found)

    def delete_chunks(self, tag_key: int, *, before_us: int) -> int:
        """Remove finished chunks of a tag that end before the instant; return how many."""
        query = "DELETE FROM chunk WHERE tag_key = ? AND first_us < ? AND last_us < ? AND is_part = 0"
        return self._connection.execute(query, (tag_key, before_us, before_us)).rowcount

    def statuses(self, tag_key: int, *, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Return times and codes inside a window, and the newest ones before it."""
        before = "SELECT max(time_us) FROM raw_status WHERE tag_key = ? AND time_us < ?"
        query = (
            "SELECT time_us, code FROM raw_status WHERE tag_key = ? "
            f"AND time_us >= coalesce(({before}), ?) AND time_us < ? ORDER BY time_us"
        )
        return list(self._connection.execute(query, (tag_key, tag_key, start_us, start_us, end_us)))

    def delete_statuses(self, tag_key: int, *, before_us: int) -> int:
        """Delete what was said before an instant; return the rows removed."""
        query = "DELETE FROM raw_status WHERE tag_key = ? AND time_us < ?"
        return self._connection.execute(query, (tag_key, before_us)).rowcount

    def delete_levels(self, tag_key: int, *, step_s: int, before_us: int) -> int:
        """Remove level rows of a tag that begin before the instant; return how many."""
        query = "DELETE FROM level WHERE tag_key = ? AND step_s = ? AND start_us < ?"
        return self._connection.execute(query, (tag_key, step_s, before_us)).rowcount

    def delete_gaps(self, tag_key: int, *, before_us: int) -> int:
        """Remove gaps of a tag that end before the instant; return how many."""
        query = "DELETE FROM gap WHERE tag_key = ? AND end_us < ?"
        return self._connection.execute(query, (tag_key, before_us)).rowcount

    def oldest_level(self, tag_key: int, *, step_s: int) -> int | None:
        """Return where a level begins, None when the tag has none."""
        query = "SELECT min(start_us) FROM level WHERE tag_key = ? AND step_s = ?"
        found = self._connection.execute(query, (tag_key, step_s)).fetchone()[0]
        return None if found is None else int(found)

    def delete_hour_levels(self, tag_key: int, *, day_us: int) -> None:
        """Remove the hour rows of a day that now has its day row."""
        self._connection.execute(
            "DELETE FROM level WHERE tag_key = ? AND step_s = 60 AND span_s = 3600 "
            "AND start_us >= ? AND start_us < ?",
            (tag_key, day_us, day_us + MICROSECONDS_PER_DAY),
        )

    def days_with_hours(self, *, before_us: int) -> list[tuple[int, int]]:
        """Return (tag, start) of every hour row that begins before the instant."""
        query = "SELECT DISTINCT tag_key, start_us FROM level WHERE span_s = 3600 AND start_us < ?"
        return list(self._connection.execute(query, (before_us,)))

    def replace_gaps(self, tag_key: int, gaps: Sequence[HistoryGap], *, low_us: int, high_us: int) -> None:
        """Write the gaps that end in [low, high) in place of those stored."""
        self._connection.execute(
            "DELETE FROM gap WHERE tag_key = ? AND end_us >= ? AND end_us < ?", (tag_key, low_us, high_us)
        )
        self._connection.executemany(
            _INSERT_GAP,
            [(tag_key, gap.end_us, gap.start_us, gap.cause) for gap in gaps],
        )

    def replace_hole(self, tag_key: int, hole: HistoryGap | None, *, end_us: int) -> None:
        """Write the hole in front of the sample at ``end_us`` in place of the one stored."""
        self._connection.execute(
            "DELETE FROM gap WHERE tag_key = ? AND end_us = ? AND cause = 0", (tag_key, end_us)
        )
        if hole is not None:
            self._connection.execute(
                _INSERT_GAP,
                (tag_key, hole.end_us, hole.start_us, hole.cause),
            )

    def gaps(self, tag_key: int, *, start_us: int, end_us: int) -> list[HistoryGap]:
        """Return the stored gaps of a tag that touch the window."""
        query = "SELECT start_us, end_us, cause FROM gap WHERE tag_key = ? AND end_us >= ? AND start_us < ?"
        return [HistoryGap(*row) for row in self._connection.execute(query, (tag_key, start_us, end_us))]


def _stored(row: tuple[object, ...]) -> StoredChunk:
    identity, revision, is_part, *columns = row
    for place in _REALS:
        if columns[place] is None:
            columns[place] = np.nan
    return StoredChunk(int(identity), int(revision), bool(is_part), Chunk(*columns))  # type: ignore[call-overload, arg-type]


_REALS = tuple(
    place
    for place, field in enumerate(fields(Chunk))
    if field.name in ("minimum", "maximum", "mean", "last_value")
)


def combined(rows: Sequence[LevelRow]) -> Buckets:
    """Join the level rows of one revision; an hour row stands in place of that hour in its day row."""
    hours = {row.start_us for row in rows if row.span_s == _HOUR_S}
    starts = np.array(sorted(hours), dtype=np.int64)
    pieces = []
    for row in rows:
        buckets = row.buckets
        if row.span_s != _HOUR_S and any(
            row.start_us <= hour < row.start_us + LONGEST_SPAN_US for hour in hours
        ):
            hour_of = buckets.time_us // MICROSECONDS_PER_HOUR * MICROSECONDS_PER_HOUR
            buckets = buckets.part(~np.isin(hour_of, starts))
        pieces.append(buckets)
    return joined_buckets(pieces)


def day_of(instant_us: int) -> int:
    """Return the start of the UTC day."""
    return instant_us // MICROSECONDS_PER_DAY * MICROSECONDS_PER_DAY


def cut_at(time_us: Int64, step_us: int) -> list[slice]:
    """Return the rows of each whole step that holds samples; times ascend."""
    if not len(time_us):
        return []
    number = time_us // step_us
    if number[0] == number[-1]:
        return [slice(0, len(time_us))]
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(time_us)]
    return [slice(low, high) for low, high in pairwise(edges)]
