"""The uncompacted tail as a reader keeps it: grouped by tag, read once, extended by what is new.

Blocks of similar size are joined, so that each row is sorted only a few times and a tag is found in a
handful of blocks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.history.samples import Samples
from storage.history.tail import NO_ROWS, TailRows, decode_frames, sorted_by_tag
from storage.sql import SqlConnection

_ENDS = "SELECT (SELECT min(id) FROM tail), (SELECT max(id) FROM tail)"
"""Two look-ups; asked together, SQLite would walk the whole table."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows grouped by tag: those of ``tags[i]`` lie from ``edges[i]`` to ``edges[i + 1]``."""

    rows: TailRows
    tags: NDArray[np.int32]
    edges: NDArray[np.intp]

    def of(self, tag_key: int) -> TailRows | None:
        place = int(np.searchsorted(self.tags, tag_key))
        if place == len(self.tags) or self.tags[place] != tag_key:
            return None
        return self.rows.taken(slice(int(self.edges[place]), int(self.edges[place + 1])))


class TailCache:
    """Rows of the tail by tag; ``refresh`` before use, inside the reader's snapshot."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection
        self._blocks: list[_Block] = []
        self._first = self._last = 0
        self._layouts: dict[int, NDArray[np.int32]] = {}

    def refresh(self) -> None:
        """Read the rows that came since the last call; forget those that were folded away."""
        first, last = self._connection.execute(_ENDS).fetchone()
        if first is None or first > self._first:
            self._blocks, self._first, self._last = [], first or 0, (first or 1) - 1
        if first is None or last == self._last:
            return
        query = "SELECT body FROM tail WHERE id > ? ORDER BY id"
        bodies = [body for (body,) in self._connection.execute(query, (self._last,))]
        self._read_layouts()
        self._add(decode_frames(bodies, self._layouts))
        self._last = last

    def rows(self, tag_key: int) -> TailRows:
        """Return the rows of one tag in the order written."""
        found = [rows for rows in (block.of(tag_key) for block in self._blocks) if rows is not None]
        if not found:
            return NO_ROWS
        if len(found) == 1:
            return found[0]
        return TailRows(
            *(np.concatenate(column) for column in zip(*(r.columns() for r in found), strict=True))
        )

    def newest(self) -> TailRows:
        """Return the newest row of each tag by source time, the tags ascending."""
        last = [block.rows.taken(_last_rows(block)) for block in self._blocks]
        if not last:
            return NO_ROWS
        joined = TailRows(
            *(np.concatenate(column) for column in zip(*(r.columns() for r in last), strict=True))
        )
        order = np.lexsort((joined.sequence, joined.source_us, joined.tag_key))
        keys = joined.tag_key[order]
        is_last = np.append(keys[1:] != keys[:-1], True)
        return joined.taken(order[is_last])

    def _add(self, rows: TailRows) -> None:
        if not len(rows):
            return
        self._blocks.append(_Block(*sorted_by_tag(rows)))
        while len(self._blocks) > 1 and len(self._blocks[-2].rows) < 2 * len(self._blocks[-1].rows):
            older, newer = self._blocks[-2:]
            pairs = zip(older.rows.columns(), newer.rows.columns(), strict=True)
            joined = TailRows(*(np.concatenate(pair) for pair in pairs))
            self._blocks[-2:] = [_Block(*sorted_by_tag(joined))]

    def _read_layouts(self) -> None:
        known = max(self._layouts, default=0)
        for number, keys in self._connection.execute("SELECT id, keys FROM layout WHERE id > ?", (known,)):
            self._layouts[number] = np.frombuffer(keys, "<i4")


def _last_rows(block: _Block) -> NDArray[np.intp]:
    """Return the row with the newest source time of each tag; usually the last one written."""
    last = block.edges[1:] - 1
    newest = np.maximum.reduceat(block.rows.source_us, block.edges[:-1])
    for place in np.flatnonzero(newest != block.rows.source_us[last]):
        low, high = int(block.edges[place]), int(block.edges[place + 1])
        last[place] = low + int(np.argmax(block.rows.source_us[low:high]))
    return last


def as_samples(rows: TailRows) -> Samples:
    """Return the rows of one tag as samples, in the order written."""
    return Samples(rows.source_us, rows.value, rows.quality, rows.sequence)
