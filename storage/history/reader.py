"""The historian's reading side: raw rows, trends and last values over chunks, levels and the tail alike."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from domain.errors import DatabaseDamaged
from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.quality import BAD_NOT_CONFIGURED, QualityCause
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Keeping, TagDtype
from domain.ports import HistoryGap, HistorySeries, RawStatus, TrendColumns
from storage.failures import told
from storage.history.chunks import ChunkTables, LevelRow, StoredChunk, combined
from storage.history.codec import ChunkCodec, as_declared
from storage.history.empty import no_series, unknown_values
from storage.history.gaps import find_gaps, joined_gaps
from storage.history.keeping_rules import KeepingRules
from storage.history.revisions import RevisionUnits
from storage.history.samples import (
    EMPTY_BUCKETS,
    Buckets,
    Numbers,
    Samples,
    joined_buckets,
    merged,
    period_of,
    reduced,
    regrouped,
)
from storage.history.tail import TailRows
from storage.history.tail_cache import TailCache, as_samples
from storage.sql import HistoryBase

_LEVELS_S = (3600, 60)
_SELECT_TEXT = "SELECT number, body FROM text WHERE number = ?"


class StoredHistory:
    """Implements ``domain.ports.HistoryReader`` on a connection of its own; one thread at a time."""

    def __init__(
        self,
        base: HistoryBase,
        *,
        dtypes: Mapping[int, TagDtype] | None = None,
        keeping: Mapping[int, Keeping] | None = None,
        units: RevisionUnits | None = None,
    ) -> None:
        """``dtypes`` gives the declared type per tag key, so that tail rows read as chunks will.

        ``keeping`` names the tags with rules of their own, ``units`` those that had another unit before.
        """
        self._place = base.place
        self._rules = KeepingRules(keeping)
        self._dtypes = dict(dtypes or {})
        self._units = units or RevisionUnits(dict)
        with told(self._place):
            self._connection = base.reader()
        self._tables = ChunkTables(self._connection, ChunkCodec())
        self._tail = TailCache(self._connection)

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        """Return raw samples with start <= time < end, from chunks and the tail together."""
        with self._snapshot():
            pieces, _ = self._raw(tag_key, start_us, end_us)
        if not pieces:
            return no_series(tag_key)
        revision = np.concatenate([np.full(len(p), r, np.int32) for r, p in pieces])
        samples = [piece for _, piece in pieces]
        time_us = np.concatenate([p.time_us for p in samples])
        value = np.concatenate([p.value.astype(np.float64) for p in samples])
        quality = np.concatenate([p.quality for p in samples])
        sequence = np.concatenate([p.sequence for p in samples])
        inside = (time_us >= start_us) & (time_us < end_us)
        is_ordered = bool((time_us[1:] > time_us[:-1]).all())
        chosen = np.flatnonzero(inside) if is_ordered else _ordered(time_us, sequence, inside)
        return HistorySeries(tag_key, time_us[chosen], value[chosen], quality[chosen], revision[chosen])

    def trend(self, tag_key: int, *, start_us: int, end_us: int, columns: int) -> TrendColumns:
        """Return at most ``columns`` columns, from the coarsest level that is fine enough."""
        width = max(1, -(-(end_us - start_us) // max(1, columns)))
        with self._snapshot():
            level_s = self._level(tag_key, width, start_us)
            try:
                if level_s:
                    buckets, gaps = self._level_columns(tag_key, start_us, end_us, width, level_s)
            except DatabaseDamaged:
                level_s = 0  # the raw rows below a damaged level still tell the same
            if level_s == 0:
                buckets, gaps = self._raw_columns(tag_key, start_us, end_us, width)
            gaps += self._tables.gaps(tag_key, start_us=start_us, end_us=end_us)
        has_value = buckets.count > 0
        if not bool(has_value.all()):
            buckets = buckets.part(has_value)
        return TrendColumns(
            tag_key,
            buckets.time_us,
            buckets.minimum,
            buckets.maximum,
            buckets.mean,
            buckets.count,
            buckets.quality,
            width,
            level_s,
            joined_gaps(gaps, start_us=start_us, end_us=end_us),
        )

    def last_values(self, tag_keys: Sequence[int]) -> ReadingBatch:
        """Return the newest stored reading of each tag; "bad, not configured" where there is none."""
        keys = np.asarray(tag_keys, dtype=np.int32)
        batch = unknown_values(keys)
        with self._snapshot():
            newest = self._tail.newest()
            in_chunks = [self._last_in_chunks(int(key)) for key in keys]
        revision = np.zeros(len(keys), np.int32)
        for row, stored in enumerate(in_chunks):
            if stored is not None:
                _set(batch, row, stored[:-1])
                revision[row] = stored[-1]
        is_stored = np.array([each is not None for each in in_chunks], dtype=np.bool_)
        self._overlay(batch, newest, is_stored, revision)
        self._last_in_present_unit(batch, revision)
        return batch

    def _last_in_present_unit(self, batch: ReadingBatch, revision: NDArray[np.int32]) -> None:
        for row, key in enumerate(batch.tag_key.tolist()):
            conversion = self._units.of(key).get(int(revision[row]))
            if conversion is None:
                continue
            if conversion.factor is None or conversion.offset is None:
                batch.value[row], batch.quality[row] = np.nan, BAD_NOT_CONFIGURED
            else:
                batch.value[row] = batch.value[row] * conversion.factor + conversion.offset

    def _overlay(
        self,
        batch: ReadingBatch,
        newest: TailRows,
        is_stored: NDArray[np.bool_],
        revision: NDArray[np.int32],
    ) -> None:
        """Put the tail's newest rows over those of the chunks that are not newer."""
        if not len(newest) or not len(batch):
            return
        place = np.minimum(np.searchsorted(newest.tag_key, batch.tag_key), len(newest) - 1)
        wins = newest.tag_key[place] == batch.tag_key
        wins &= ~is_stored | (newest.source_us[place] >= batch.source_us)
        rows, source = np.flatnonzero(wins), place[wins]
        value = newest.value[source]
        kinds = [self._dtypes.get(key) is TagDtype.FLOAT32 for key in batch.tag_key[rows].tolist()]
        batch.value[rows] = np.where(kinds, as_declared(value, TagDtype.FLOAT32), value)
        batch.quality[rows], batch.source_us[rows] = newest.quality[source], newest.source_us[source]
        batch.receive_us[rows], batch.sequence[rows] = newest.receive_us[source], newest.sequence[source]
        revision[rows] = newest.revision[source]

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the words of text tags by their number; unknown numbers are left out."""
        wanted = [int(number) for number in numbers]
        with told(self._place):
            found = [
                row
                for number in wanted
                for row in self._connection.execute(
                    "SELECT number, body FROM text WHERE number = ?", (number,)
                )
            ]
        return {int(number): str(body) for number, body in found}

    def raw_statuses(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[RawStatus]:
        """Return what the device said of values that were not good, the last word before the window first."""
        with told(self._place):
            return tuple(
                RawStatus(int(time_us), int(code))
                for time_us, code in self._tables.statuses(tag_key, start_us=start_us, end_us=end_us)
            )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read chunks and tail of one instant, so that a fold between two queries hides nothing."""
        with told(self._place):
            self._connection.execute("BEGIN")
            try:
                self._tail.refresh()
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _level(self, tag_key: int, width_us: int, start_us: int) -> int:
        """Return 0, 60 or 3600: the coarsest that is fine enough, or a coarser one that reaches back."""
        chosen = next((s for s in _LEVELS_S if width_us >= s * MICROSECONDS_PER_SECOND), 0)
        if chosen == 3600:
            return chosen
        minutes = self._tables.oldest_level(tag_key, step_s=60)
        hours = self._tables.oldest_level(tag_key, step_s=3600)
        if chosen == 0:
            raw = self._tables.oldest(tag_key)
            if minutes is not None and (raw is None or (raw > start_us and minutes < _minute(raw))):
                chosen = 60
        if (
            chosen == 60
            and hours is not None
            and (minutes is None or (minutes > start_us and hours < minutes))
        ):
            chosen = 3600
        return chosen

    def _raw(
        self, tag_key: int, start_us: int, end_us: int
    ) -> tuple[list[tuple[int, Samples]], list[HistoryGap]]:
        """Return the pieces that touch the window with their revision, and a gap per damaged chunk."""
        stored = self._tables.chunks(tag_key, start_us=start_us, end_us=end_us)
        pieces, gaps = self._decoded(stored)
        return self._present(tag_key, pieces + self._tail_pieces(tag_key)), gaps

    def _present(self, tag_key: int, pieces: list[tuple[int, Samples]]) -> list[tuple[int, Samples]]:
        """Return the pieces in the unit that the tag has now."""
        conversions = self._units.of(tag_key)
        if not conversions:
            return pieces
        return [(r, conversions[r].samples(piece) if r in conversions else piece) for r, piece in pieces]

    def _decoded(self, stored: Sequence[StoredChunk]) -> tuple[list[tuple[int, Samples]], list[HistoryGap]]:
        pieces, gaps = [], []
        for each in stored:
            try:
                pieces.append((each.revision, self._tables.codec.decode(each.chunk)))
            except DatabaseDamaged:
                gaps.append(HistoryGap(each.chunk.first_us, each.chunk.last_us, int(QualityCause.DECODE)))
        return pieces, gaps

    def _tail_pieces(self, tag_key: int) -> list[tuple[int, Samples]]:
        rows = self._tail.rows(tag_key)
        if not len(rows):
            return []
        samples = as_samples(rows)
        value = self._declared(tag_key, rows.value)
        samples = Samples(samples.time_us, value, samples.quality, samples.sequence)
        if rows.revision[0] == rows.revision[-1] and bool((rows.revision == rows.revision[0]).all()):
            return [(int(rows.revision[0]), samples)]
        return [(int(r), samples.part(rows.revision == r)) for r in np.unique(rows.revision)]

    def _declared(self, tag_key: int, value: NDArray[np.float64]) -> Numbers:
        return as_declared(value, self._dtypes.get(tag_key, TagDtype.FLOAT64))

    def _raw_columns(
        self, tag_key: int, start_us: int, end_us: int, width: int
    ) -> tuple[Buckets, list[HistoryGap]]:
        pieces, gaps = self._raw(tag_key, start_us, end_us)
        if not pieces:
            return EMPTY_BUCKETS, gaps
        whole = merged([piece for _, piece in pieces])
        low, high = np.searchsorted(whole.time_us, (start_us, end_us))
        buckets = reduced(whole.part(slice(int(low), int(high))), origin_us=start_us, step_us=width)
        return buckets, gaps + self._open_gaps(tag_key)[1]

    def _open_gaps(self, tag_key: int) -> tuple[Samples | None, list[HistoryGap]]:
        """Return the samples of hours still open, and the gaps among them."""
        parts, gaps = self._decoded(self._tables.parts(tag_key))
        pieces = self._present(tag_key, parts + self._tail_pieces(tag_key))
        if not pieces:
            return None, gaps
        whole = merged([piece for _, piece in pieces])
        previous = self._tables.last_before(tag_key, int(whole.time_us[0]))
        period = max(period_of(whole.time_us), self._rules.least_period_us(tag_key))
        gaps += find_gaps(whole.time_us, whole.quality, period_us=period, previous=previous)
        return whole, gaps

    def _level_columns(
        self, tag_key: int, start_us: int, end_us: int, width: int, level_s: int
    ) -> tuple[Buckets, list[HistoryGap]]:
        step_us = level_s * MICROSECONDS_PER_SECOND
        rows = self._tables.level_rows(tag_key, step_s=level_s, start_us=start_us, end_us=end_us)
        if level_s == 3600:
            rows += self._hours_of_today(tag_key, start_us, end_us)
        conversions = self._units.of(tag_key)
        pieces = []
        for revision in sorted({row.revision for row in rows}):
            found = combined([row for row in rows if row.revision == revision])
            pieces.append(conversions[revision].buckets(found) if revision in conversions else found)
        still_open, gaps = self._open_gaps(tag_key)
        if still_open is not None:
            pieces.append(reduced(still_open, origin_us=0, step_us=step_us))
        buckets = joined_buckets(pieces)
        low, high = np.searchsorted(buckets.time_us, (start_us - step_us + 1, end_us))
        buckets = buckets.part(slice(int(low), int(high)))
        return regrouped(_not_before(buckets, start_us), origin_us=start_us, step_us=width), gaps

    def _hours_of_today(self, tag_key: int, start_us: int, end_us: int) -> list[LevelRow]:
        rows = self._tables.level_rows(tag_key, step_s=60, start_us=start_us, end_us=end_us, most_span_s=3600)
        return [
            LevelRow(
                row.start_us,
                row.span_s,
                row.revision,
                regrouped(row.buckets, origin_us=row.start_us, step_us=MICROSECONDS_PER_HOUR),
            )
            for row in rows
        ]

    def _last_in_chunks(self, tag_key: int) -> tuple[float, int, int, int, int, int] | None:
        """Return value, times, quality, sequence and revision of the newest chunk's last row."""
        query = (
            "SELECT last_value, last_us, last_quality, last_us + delay_high_us, "
            "sequence_first + sequence_step * (samples - 1), revision FROM chunk "
            "WHERE tag_key = ? ORDER BY first_us DESC LIMIT 2"
        )
        rows = self._connection.execute(query, (tag_key,)).fetchall()
        return max(rows, key=lambda row: row[1]) if rows else None


def _not_before(buckets: Buckets, start_us: int) -> Buckets:
    """Count a bucket that began before the window and reaches into it to the first column."""
    if not len(buckets) or buckets.time_us[0] >= start_us:
        return buckets
    return Buckets(
        np.maximum(buckets.time_us, start_us),
        buckets.minimum,
        buckets.maximum,
        buckets.mean,
        buckets.count,
        buckets.quality,
    )


def _ordered(
    time_us: NDArray[np.int64], sequence: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the chosen rows in order of time and sequence, each pair of them once."""
    order = np.lexsort((sequence, time_us))
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (np.diff(time_us[order]) != 0) | (np.diff(sequence[order]) != 0)
    return order[is_first & chosen[order]]


def _minute(instant_us: int) -> int:
    return instant_us // (60 * MICROSECONDS_PER_SECOND) * (60 * MICROSECONDS_PER_SECOND)


def _set(batch: ReadingBatch, row: int, reading: tuple[float | None, int, int, int, int]) -> None:
    value, source, quality, receive, sequence = reading
    batch.value[row] = np.nan if value is None else value
    batch.source_us[row], batch.quality[row] = source, quality
    batch.receive_us[row], batch.sequence[row] = receive, sequence
