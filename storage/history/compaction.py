"""Finished hours: parts and late rows of one tag become chunks, 60 s and 3600 s levels and gaps."""

from collections.abc import Sequence

import numpy as np

from domain.errors import DatabaseDamaged
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from storage.history.chunks import ChunkTables, StoredChunk, combined, cut_at, day_of
from storage.history.gaps import find_gaps, hole_between
from storage.history.keeping_rules import KeepingRules
from storage.history.samples import Samples, merged, period_of, reduced, regrouped

MINUTE_US = 60 * MICROSECONDS_PER_SECOND
LONGEST_CHUNK = 8192
_HOUR_S, _DAY_S = 3600, 86400


class HourCompactor:
    """Works on the tables inside the caller's transaction."""

    def __init__(self, tables: ChunkTables, rules: KeepingRules | None = None) -> None:
        self._tables = tables
        self._rules = rules or KeepingRules()

    def finish_hour(self, tag_key: int, hour_us: int, *, day_is_over: bool) -> int:
        """Merge everything of a tag's hour, write chunks, levels and gaps; return the chunks written."""
        end_us = hour_us + MICROSECONDS_PER_HOUR
        stored = self._tables.chunks(tag_key, start_us=hour_us, end_us=end_us)
        read = self._read(stored)
        parts = [samples for each, samples in read if each.is_part]
        if not parts:
            return 0
        low, high = min(int(p.time_us[0]) for p in parts), max(int(p.time_us[-1]) for p in parts)
        rewritten = [
            (each, samples)
            for each, samples in read
            if each.chunk.first_us >= hour_us or (each.chunk.first_us <= high and each.chunk.last_us >= low)
        ]
        written = self._rewrite(tag_key, rewritten)
        for revision in sorted({each.revision for each, _ in read}):
            whole = _within(merged([s for each, s in read if each.revision == revision]), hour_us, end_us)
            if len(whole):
                buckets = reduced(whole, origin_us=hour_us, step_us=MINUTE_US)
                self._tables.write_level(
                    tag_key, buckets, step_s=60, start_us=hour_us, span_s=_HOUR_S, revision=revision
                )
        self._write_gaps(tag_key, _within(merged([s for _, s in read]), hour_us, end_us), hour_us, end_us)
        if day_is_over:
            self.finish_day(tag_key, day_of(hour_us))
        return written

    def finish_day(self, tag_key: int, day_us: int) -> None:
        """Gather the hour rows of a day into day rows of both levels; an hour row replaces what was there.

        A day with a damaged row keeps its hour rows: readers fall back to the raw chunks.
        """
        end_us = day_us + MICROSECONDS_PER_DAY
        try:
            rows = self._tables.level_rows(tag_key, step_s=60, start_us=day_us, end_us=end_us)
        except DatabaseDamaged:
            return
        rows = [row for row in rows if row.start_us >= day_us]
        for revision in sorted({row.revision for row in rows}):
            minutes = combined([row for row in rows if row.revision == revision])
            self._tables.write_level(
                tag_key, minutes, step_s=60, start_us=day_us, span_s=_DAY_S, revision=revision
            )
            hourly = regrouped(minutes, origin_us=day_us, step_us=MICROSECONDS_PER_HOUR)
            self._tables.write_level(
                tag_key, hourly, step_s=3600, start_us=day_us, span_s=_DAY_S, revision=revision
            )
        self._tables.delete_hour_levels(tag_key, day_us=day_us)

    def write_past(self, tag_key: int, samples: Samples, *, revision: int) -> int:
        """Write a past that meets no stored chunk: chunks of a day, both levels, gaps; return the chunks."""
        minutes = reduced(samples, origin_us=0, step_us=MINUTE_US)
        written = 0
        for rows in cut_at(samples.time_us, MICROSECONDS_PER_DAY):
            written += self._write_chunks(tag_key, samples.part(rows), revision)
        hours = regrouped(minutes, origin_us=0, step_us=MICROSECONDS_PER_HOUR)
        for step_s, level in ((60, minutes), (3600, hours)):
            for rows in cut_at(level.time_us, MICROSECONDS_PER_DAY):
                day = level.part(rows)
                start = day_of(int(day.time_us[0]))
                self._tables.write_level(
                    tag_key, day, step_s=step_s, start_us=start, span_s=_DAY_S, revision=revision
                )
        self._write_gaps(tag_key, samples, int(samples.time_us[0]), int(samples.time_us[-1]) + 1)
        return written

    def _read(self, stored: Sequence[StoredChunk]) -> list[tuple[StoredChunk, Samples]]:
        """Decode chunks; one that is damaged stays where it is and is read as nothing."""
        read = []
        for each in stored:
            try:
                read.append((each, self._tables.codec.decode(each.chunk)))
            except DatabaseDamaged:
                self._tables.close_part(each.id)
        return read

    def _rewrite(self, tag_key: int, rewritten: Sequence[tuple[StoredChunk, Samples]]) -> int:
        self._tables.delete(each.id for each, _ in rewritten)
        written = 0
        for revision in sorted({each.revision for each, _ in rewritten}):
            whole = merged([samples for each, samples in rewritten if each.revision == revision])
            written += self._write_chunks(tag_key, whole, revision)
        return written

    def _write_chunks(self, tag_key: int, samples: Samples, revision: int) -> int:
        """Write one chunk, or one an hour and length when it would be long."""
        pieces = [samples]
        if len(samples) > LONGEST_CHUNK:
            hours = [samples.part(rows) for rows in cut_at(samples.time_us, MICROSECONDS_PER_HOUR)]
            pieces = [
                hour.part(slice(low, low + LONGEST_CHUNK))
                for hour in hours
                for low in range(0, len(hour), LONGEST_CHUNK)
            ]
        for piece in pieces:
            self._tables.insert(tag_key, self._tables.codec.encode(piece), revision=revision)
        return len(pieces)

    def _write_gaps(self, tag_key: int, samples: Samples, low_us: int, high_us: int) -> None:
        """Write the gaps that end in the stretch, and the hole in front of what follows it."""
        if not len(samples):
            return
        period = max(period_of(samples.time_us), self._rules.least_period_us(tag_key))
        previous = self._tables.last_before(tag_key, int(samples.time_us[0]))
        gaps = find_gaps(samples.time_us, samples.quality, period_us=period, previous=previous)
        self._tables.replace_gaps(tag_key, gaps, low_us=low_us, high_us=high_us)
        last, following = int(samples.time_us[-1]), self._tables.first_after(tag_key, high_us)
        if following is not None:
            hole = hole_between((last, period), following)
            self._tables.replace_hole(tag_key, hole, end_us=following[0])


def _within(samples: Samples, low_us: int, high_us: int) -> Samples:
    low, high = np.searchsorted(samples.time_us, (low_us, high_us))
    return samples.part(slice(int(low), int(high)))
