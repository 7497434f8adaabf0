"""Register lists of devices, as their makers publish them, turned into draft tags.

Columns are guessed from usual header words and can be told otherwise. Every row of the file becomes a draft,
with every problem it has: which row, which column, what to do. Nothing is dropped and nothing is filled in
silently; a person settles the rest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from domain.errors import ConfigurationError
from services.set_up.register_places import Numbering, numbering_of
from services.set_up.register_rows import (
    AS_THE_LIST_SAYS,
    Columns,
    DraftTag,
    Reading,
    RowProblem,
    RowReader,
    cell_of,
)
from services.set_up.register_words import HEADER_WORDS, Column, plain_word
from storage.table_files import FileTable, TableRow

_HEADER_SEARCH_ROWS: Final = 30


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A list as read: how its columns and numbers were understood, and one draft per row below the header."""

    header: TableRow
    columns: Columns
    numbering: Numbering
    drafts: tuple[DraftTag, ...]

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """Every problem of every row."""
        return tuple(problem for draft in self.drafts for problem in draft.problems)


def read_register_map(table: FileTable, reading: Reading = AS_THE_LIST_SAYS) -> RegisterMap:
    """Return a draft for every row below the header.

    ConfigurationError when no row looks like a header, or no column holds addresses.
    """
    header = _header(table, reading.header_row)
    columns = guess_columns(header.cells) if reading.columns is None else reading.columns
    if Column.ADDRESS not in columns:
        raise ConfigurationError(
            f"'{table.name}': no column holds addresses; say which one does", key="map_no_addresses"
        )
    rows = [row for row in table.rows if row.number > header.number]
    numbering = reading.numbering or numbering_of(cell_of(row, columns, Column.ADDRESS) for row in rows)
    drafts = [RowReader(row, columns, reading, numbering).draft() for row in rows]
    return RegisterMap(header, MappingProxyType(dict(columns)), numbering, tuple(_compared(drafts)))


def guess_columns(header: Sequence[str]) -> Columns:
    """Return which column holds what, from the words of the header; whole words go before parts of words."""
    words = [plain_word(cell) for cell in header]
    found: dict[Column, int] = {}
    for fits in (_is_word, _begins_with_word):
        for column, known in HEADER_WORDS.items():
            free = [place for place, word in enumerate(words) if word and place not in found.values()]
            match = next((place for place in free if fits(words[place], known)), None)
            if column not in found and match is not None:
                found[column] = match
    return found


def _is_word(word: str, known: Sequence[str]) -> bool:
    return word in known


def _begins_with_word(word: str, known: Sequence[str]) -> bool:
    return any(word.startswith(each) for each in known if len(each) >= 4)


def _header(table: FileTable, number: int | None) -> TableRow:
    if number is not None:
        chosen = [row for row in table.rows if row.number == number]
    else:
        candidates = table.rows[:_HEADER_SEARCH_ROWS]
        best = max(candidates, key=lambda row: len(guess_columns(row.cells)), default=None)
        chosen = [best] if best is not None and len(guess_columns(best.cells)) >= 2 else []
    if not chosen:
        raise ConfigurationError(
            f"'{table.name}': no row names its columns; say which row is the header", key="map_no_header"
        )
    return chosen[0]


def _compared(drafts: Sequence[DraftTag]) -> list[DraftTag]:
    """Note names and places that occur twice, on each of their rows."""
    names = Counter(draft.name for draft in drafts if draft.name)
    places = Counter(_key(draft) for draft in drafts if draft.address)
    compared = []
    for draft in drafts:
        more = []
        if names[draft.name] > 1:
            more.append(RowProblem(draft.row, Column.NAME, "name_repeated", draft.name))
        if draft.address and places[_key(draft)] > 1:
            shown = f"{draft.address['table']} {draft.address['offset']}"
            more.append(RowProblem(draft.row, Column.ADDRESS, "address_repeated", shown))
        compared.append(replace(draft, problems=(*draft.problems, *more)))
    return compared


def _key(draft: DraftTag) -> tuple[object, ...]:
    return tuple(draft.address.get(part) for part in ("unit", "table", "offset", "bit", "bits"))
