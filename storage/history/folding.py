"""Folding the tail: its rows become short chunks of one tag and hour, the parts of hours still open."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.tags import TagDtype
from storage.history.chunks import ChunkTables, cut_at
from storage.history.codec import ChunkCodec, as_declared
from storage.history.samples import Numbers, Samples, merged
from storage.history.tail import TailRows, decode_frames, sorted_by_tag
from storage.sql import SqlConnection, immediate

PART_US = 600 * MICROSECONDS_PER_SECOND
"""The tail is folded into parts every ten minutes, so that a reader never walks more than that."""
FOLD_SAMPLES = 500_000
"""Samples folded in one transaction; more of them waiting make a fold due."""


class TailFolder:
    """Works on the writer's connection; ``dtypes`` gives the declared type per tag key."""

    def __init__(
        self, tables: ChunkTables, connection: SqlConnection, *, dtypes: Mapping[int, TagDtype]
    ) -> None:
        self.dtypes = dict(dtypes)
        self._tables = tables
        self._connection = connection
        self._quick = ChunkCodec(level=1)

    def is_due(self, now_us: int) -> bool:
        """Say whether the tail's ten minutes are over, or too much waits in it."""
        query = "SELECT committed_us, (SELECT sum(samples) FROM tail) FROM tail ORDER BY id LIMIT 1"
        oldest = self._connection.execute(query).fetchone()
        if oldest is None:
            return False
        return bool(oldest[0] // PART_US != now_us // PART_US or oldest[1] >= FOLD_SAMPLES)

    def fold(self) -> None:
        """Move the tail into parts, at most half a million samples a transaction."""
        layouts = {
            number: np.frombuffer(keys, "<i4") for number, keys in stored_layouts(self._connection).items()
        }
        waiting = self._connection.execute("SELECT id, samples FROM tail ORDER BY id").fetchall()
        while waiting:
            count, samples = 0, 0
            while count < len(waiting) and (count == 0 or samples + waiting[count][1] <= FOLD_SAMPLES):
                samples += waiting[count][1]
                count += 1
            last_id = waiting[count - 1][0]
            waiting = waiting[count:]
            with immediate(self._connection):
                bodies = self._connection.execute(
                    "SELECT body FROM tail WHERE id <= ? ORDER BY id", (last_id,)
                ).fetchall()
                self._fold_rows(decode_frames((body for (body,) in bodies), layouts))
                self._connection.execute("DELETE FROM tail WHERE id <= ?", (last_id,))
                note(self._connection, "tail_id", last_id)

    def _fold_rows(self, rows: TailRows) -> None:
        grouped, tags, edges = sorted_by_tag(rows)
        delay = grouped.receive_us - grouped.source_us
        for number, tag_key in enumerate(tags.tolist()):
            span = slice(int(edges[number]), int(edges[number + 1]))
            mine = grouped.taken(span)
            revisions = (
                np.unique(mine.revision) if mine.revision[0] != mine.revision[-1] else mine.revision[:1]
            )
            for revision in revisions.tolist():
                chosen = mine.revision == revision
                low, high = int(delay[span].min()), int(delay[span].max())
                value = self.declared(tag_key, mine.value)
                samples = Samples(mine.source_us, value, mine.quality, mine.sequence, low, high)
                if not bool(chosen.all()):
                    samples = samples.part(chosen)
                self.write_parts(tag_key, merged([samples]), revision)

    def write_parts(self, tag_key: int, samples: Samples, revision: int) -> list[int]:
        """Write one part an hour; return the hours."""
        hours = []
        for rows in cut_at(samples.time_us, MICROSECONDS_PER_HOUR):
            piece = samples.part(rows)
            hours.append(int(piece.time_us[0]) // MICROSECONDS_PER_HOUR * MICROSECONDS_PER_HOUR)
            chunk = self._quick.encode(piece, is_part=True)
            self._tables.insert(tag_key, chunk, revision=revision, is_part=True)
        return hours

    def declared(self, tag_key: int, value: NDArray[np.float64]) -> Numbers:
        """Return values in the tag's declared type."""
        return as_declared(value, self.dtypes.get(tag_key, TagDtype.FLOAT64))


def stored_layouts(connection: SqlConnection) -> dict[int, bytes]:
    """Return the key lists of scan groups by number, as int32 bytes."""
    return dict(connection.execute("SELECT id, keys FROM layout").fetchall())


def noted(connection: SqlConnection, key: str) -> int | None:
    """Return a number kept beside the data, None before it was noted."""
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if found is None else int(found[0])


def note(connection: SqlConnection, key: str, value: int) -> None:
    """Keep a number beside the data, in the caller's transaction."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
