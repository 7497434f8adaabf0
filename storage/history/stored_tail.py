"""The stored tail, row by row, for whoever looks at all of it: a damaged row is told, never raised."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.history.folding import stored_layouts
from storage.history.tail import TailRows, decode_frames
from storage.sql import SqlConnection

_ROWS_AT_ONCE: Final = 64
_NEXT: Final = f"SELECT id, body FROM tail WHERE id > ? ORDER BY id LIMIT {_ROWS_AT_ONCE}"

Layouts = dict[int, NDArray[np.int32]]


def key_lists(connection: SqlConnection) -> Layouts:
    """Return the tag keys of each layout by its number."""
    return {number: np.frombuffer(keys, "<i4") for number, keys in stored_layouts(connection).items()}


def each_tail_row(connection: SqlConnection) -> Iterator[tuple[int, TailRows | None]]:
    """Yield number and samples of each row, None for one that cannot be decoded; memory holds a few rows.

    The writer may go on meanwhile: a row whose key list came later is tried again with the present lists.
    """
    layouts, last = key_lists(connection), 0
    while found := connection.execute(_NEXT, (last,)).fetchall():
        for number, body in found:
            rows = _decoded(body, layouts)
            if rows is None:
                layouts = key_lists(connection)
                rows = _decoded(body, layouts)
            yield number, rows
        last = found[-1][0]


def _decoded(body: bytes, layouts: Layouts) -> TailRows | None:
    try:
        return decode_frames((body,), layouts)
    except (struct.error, ValueError, LookupError):
        return None
