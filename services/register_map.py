"""Register lists of devices, as their makers publish them, turned into draft tags.

Columns are guessed from usual header words and can be told otherwise. Every row of the file becomes a draft,
with every problem it has: which row, which column, what to do. Nothing is dropped and nothing is filled in
silently; a person settles the rest.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from acquisition.addresses import REGISTERS_PER_VALUE, ModbusAddress, ModbusTable, Order, RegisterType
from domain.errors import ConfigurationError
from domain.plant.tags import Scaling, TagDtype
from services.register_words import (
    HEADER_WORDS,
    TABLE_WORDS,
    TYPE_WORDS,
    WRITE_WORDS,
    Column,
    plain_word,
    unit_code,
)
from storage.table_files import FileTable, TableRow

Columns = Mapping[Column, int]

CURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name_missing": "give the value a name",
        "name_repeated": "another row has this name; names are unique",
        "address_missing": "give the register, like 40001, 4x0001, 0x10 or 16",
        "address_unreadable": "write the register like 40001, 4x0001, 0x10 or 16",
        "address_repeated": "another row reads the same place; remove one or correct its address",
        "address_wrong": "correct the address",
        "table_missing": "say coil, discrete, holding or input, or the function code",
        "table_unreadable": "say coil, discrete, holding or input, or the function code",
        "table_contradicts": "the address names another table than this column",
        "type_missing": "say the type, like int16, uint32, float32 or string(16)",
        "type_unreadable": "say the type, like int16, uint32, float32 or string(16)",
        "order_unreadable": "write ABCD, CDAB, BADC or DCBA, or big or little",
        "scale_unreadable": "write a number, like 0.1 or 1/10",
        "scale_zero": "a factor of 0 makes every value 0",
        "offset_unreadable": "write a number",
        "unit_missing": "say the unit, 1 for a plain number",
        "unit_unknown": "choose a unit of the list",
        "bit_unreadable": "write a bit from 0 to 15, or the first and last like 4-7",
        "bit_with_number": "a bit goes with bool or uint16 only; correct the type or remove the bit",
        "length_unreadable": "write the number of registers",
        "length_contradicts": "the type needs another number of registers than this column says",
        "unit_id_unreadable": "write a unit from 0 to 255",
    }
)
"""What the person can do, by key of the problem."""

_HEADER_SEARCH_ROWS: Final = 30
_SIGNS: Final = str.maketrans({"\u2013": "-", "\u2212": "-", "\u00d7": "x", "\u00b7": "x"})
_REFERENCE_TABLES: Final = {
    "0": ModbusTable.COIL,
    "1": ModbusTable.DISCRETE,
    "3": ModbusTable.INPUT,
    "4": ModbusTable.HOLDING,
}
_ORDERS: Final = {
    "abcd": (Order.BIG, Order.BIG),
    "cdab": (Order.LITTLE, Order.BIG),
    "badc": (Order.BIG, Order.LITTLE),
    "dcba": (Order.LITTLE, Order.LITTLE),
    "big": (Order.BIG, Order.BIG),
    "bigendian": (Order.BIG, Order.BIG),
    "msb": (Order.BIG, Order.BIG),
    "motorola": (Order.BIG, Order.BIG),
    "hilo": (Order.BIG, Order.BIG),
    "little": (Order.LITTLE, Order.BIG),
    "littleendian": (Order.LITTLE, Order.BIG),
    "lsb": (Order.LITTLE, Order.BIG),
    "lohi": (Order.LITTLE, Order.BIG),
    "swap": (Order.LITTLE, Order.BIG),
    "swapped": (Order.LITTLE, Order.BIG),
    "wordswap": (Order.LITTLE, Order.BIG),
    "byteswap": (Order.BIG, Order.LITTLE),
    "bigendianbyteswap": (Order.BIG, Order.LITTLE),
    "littleendianbyteswap": (Order.LITTLE, Order.LITTLE),
}


class Numbering(Enum):
    """What a bare number in the address column counts.

    REFERENCE: 40001 is holding register 0, 30001 input register 0. FROM_0: as on the wire. FROM_1: one more
    than on the wire.
    """

    REFERENCE = "reference"
    FROM_0 = "from_0"
    FROM_1 = "from_1"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one cell. ``found`` is its text; ``key`` names the cure, see ``CURES``."""

    row: int
    column: Column
    key: str
    found: str = ""

    @property
    def sentence(self) -> str:
        """English line for logs and the console."""
        found = f" '{self.found}'" if self.found else ""
        return f"row {self.row}, {self.column.value}{found}: {CURES[self.key]}"


@dataclass(frozen=True, slots=True)
class DraftTag:
    """One row, as far as it could be read. ``address`` is the plain form of a Modbus address, empty when
    there is none; ``unit`` a code of ``domain/units.py`` or "". ``can_write`` is what the list says of the
    device; tags are read-only until a person releases them.
    """

    row: int
    name: str
    label: str
    address: Mapping[str, object]
    unit: str
    scaling: Scaling
    dtype: TagDtype
    can_write: bool
    problems: tuple[RowProblem, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a list. None means: guess from the list itself.

    ``header_row`` is the number of the row with the column names. ``default_type`` and ``default_table`` are
    for lists that do not say; ``default_order`` is (word order, byte order).
    """

    columns: Columns | None = None
    header_row: int | None = None
    numbering: Numbering | None = None
    default_type: RegisterType | None = None
    default_table: ModbusTable | None = None
    default_order: tuple[Order, Order] = (Order.BIG, Order.BIG)


def read_register_map(table: FileTable, reading: Reading = Reading()) -> RegisterMap:
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
    numbering = reading.numbering or _numbering(_cell(row, columns, Column.ADDRESS) for row in rows)
    drafts = [_Row(row, columns, reading, numbering).draft() for row in rows]
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


def _cell(row: TableRow, columns: Columns, column: Column) -> str:
    place = columns.get(column)
    text = row.cells[place].strip() if place is not None and place < len(row.cells) else ""
    return text if column in (Column.NAME, Column.LABEL) else text.translate(_SIGNS)


# addresses

_REFERENCE = re.compile(r"([0134])(\d{4,5})")
_PREFIXED = re.compile(r"([0134])x(\d{1,5})", re.IGNORECASE)
_HEX = re.compile(r"(?:0x([0-9a-f]{1,4})|([0-9a-f]{1,4})h)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    table: ModbusTable | None = None
    bit: int | None = None
    count: int | None = None


def _numbering(addresses: Iterable[str]) -> Numbering:
    """Bare numbers are references when all of them can be; a 40000 or a 7 shows that they are offsets."""
    numbers = [re.split(r"[.:\-/ ]", address)[0] for address in addresses]
    bare = [number for number in numbers if number.isascii() and number.isdigit()]
    is_reference = [_reference(number) is not None for number in bare]
    return Numbering.REFERENCE if bare and all(is_reference) else Numbering.FROM_0


def _reference(number: str) -> _Place | None:
    match = _REFERENCE.fullmatch(number)
    if match is None or not 1 <= int(match[2]) <= 65536:
        return None
    return _Place(int(match[2]) - 1, _REFERENCE_TABLES[match[1]])


def _place(text: str, numbering: Numbering) -> _Place | None:
    """Return the place that an address cell names; None when it cannot be read."""
    number, _, rest = re.sub(r"\s", "", text).partition("-")
    number, bit = _without_bit(number)
    place = _first(number, numbering)
    if place is None or bit == -1:
        return None
    count = None
    if rest:
        last = _first(_without_bit(rest)[0], numbering)
        if last is None or last.offset < place.offset:
            return None
        count = last.offset - place.offset + 1
    return replace(place, bit=bit, count=count)


def _without_bit(number: str) -> tuple[str, int | None]:
    """Return the register and the bit of 40001.3 or 40001:3; -1 for a bit that is none."""
    match = re.fullmatch(r"(.*?)[.:](\d{1,2})", number)
    if match is None:
        return number, None
    return match[1], int(match[2]) if int(match[2]) <= 15 else -1


def _first(number: str, numbering: Numbering) -> _Place | None:
    if match := _PREFIXED.fullmatch(number):
        if match[1] != "0":  # 0x10 is a hexadecimal number far more often than coil 10
            return _Place(int(match[2]) - 1, _REFERENCE_TABLES[match[1]]) if int(match[2]) else None
    if match := _HEX.fullmatch(number):
        return _Place(int(match[1] or match[2], 16))
    if not (number.isascii() and number.isdigit()):
        return None
    if numbering is Numbering.REFERENCE:
        return _reference(number)
    offset = int(number) - (numbering is Numbering.FROM_1)
    return _Place(offset) if 0 <= offset <= 65535 else None


# rows


@dataclass(slots=True)
class _Row:
    """Reads one row, noting every problem on the way."""

    row: TableRow
    columns: Columns
    reading: Reading
    numbering: Numbering
    problems: list[RowProblem] = field(default_factory=list)

    def draft(self) -> DraftTag:
        name, label = self._cell(Column.NAME), self._cell(Column.LABEL)
        if not name and Column.NAME not in self.columns:
            name = label
        if not name:
            self._note(Column.NAME, "name_missing")
        kind, orders = self._type()
        address = self._address(kind, orders)
        kind = address.type if address is not None else kind
        scaling = Scaling(self._number(Column.SCALE, 1.0), self._number(Column.OFFSET, 0.0))
        if scaling.factor == 0:
            self._note(Column.SCALE, "scale_zero")
        access = plain_word(self._cell(Column.ACCESS))
        return DraftTag(
            self.row.number,
            name,
            label or name,
            MappingProxyType({} if address is None else address.to_plain()),
            self._unit(kind),
            scaling,
            _dtype(kind, scaling),
            access in WRITE_WORDS,
            tuple(self.problems),
        )

    def _cell(self, column: Column) -> str:
        return _cell(self.row, self.columns, column)

    def _note(self, column: Column, key: str, found: str | None = None) -> None:
        shown = self._cell(column) if found is None else found
        self.problems.append(RowProblem(self.row.number, column, key, shown))

    def _type(self) -> tuple[RegisterType | None, tuple[Order, Order]]:
        """Return the type, None when it is not said, and the orders, which some lists write behind it."""
        text = self._cell(Column.TYPE)
        orders = self._orders(text)
        if not text:
            return self.reading.default_type, orders
        core = re.sub(r"[(\[].*", "", text)
        for word in (plain_word(text), plain_word(core), plain_word(re.split(r"[ _\-/]", core.strip())[0])):
            if word in TYPE_WORDS:
                return TYPE_WORDS[word], orders
        self._note(Column.TYPE, "type_unreadable")
        return None, orders

    def _orders(self, type_text: str) -> tuple[Order, Order]:
        text = self._cell(Column.ORDER)
        if text:
            word = plain_word(text)
            if word in _ORDERS:
                return _ORDERS[word]
            self._note(Column.ORDER, "order_unreadable")
        for word in map(plain_word, re.split(r"[ _()\[\],;\-/]", type_text)):
            if word in _ORDERS:
                return _ORDERS[word]
        return self.reading.default_order

    def _address(self, kind: RegisterType | None, orders: tuple[Order, Order]) -> ModbusAddress | None:
        text = self._cell(Column.ADDRESS)
        place = _place(text, self.numbering) if text else None
        if place is None:
            self._note(Column.ADDRESS, "address_unreadable" if text else "address_missing")
        table = self._table(place)
        bit, bits = self._bits(place)
        if kind is None and table is not None and table.is_bits:
            kind = RegisterType.BOOL
        if kind is None and bit is not None:
            kind = RegisterType.BOOL if bits == 1 else RegisterType.UINT16
        if kind is None and not any(problem.column is Column.TYPE for problem in self.problems):
            self._note(Column.TYPE, "type_missing")
        length = self._length(kind, place)
        unit = self._whole(Column.UNIT_ID, low=0, high=255)
        if place is None or table is None or kind is None:
            return None
        plain: dict[str, object] = {"table": table.value, "offset": place.offset, "type": kind.value}
        if unit is not None:
            plain["unit"] = unit
        if not table.is_bits:
            if bit is not None and kind not in (RegisterType.BOOL, RegisterType.UINT16):
                self._note(Column.BIT, "bit_with_number")
            elif bit is not None:
                plain["bit"] = bit
                if kind is RegisterType.UINT16:
                    plain["bits"] = bits
            if kind is not RegisterType.BOOL:
                plain["word_order"], plain["byte_order"] = orders[0].value, orders[1].value
            if kind is RegisterType.STRING:
                plain["length"] = length
        return self._checked(plain)

    def _checked(self, plain: Mapping[str, object]) -> ModbusAddress | None:
        try:
            return ModbusAddress.from_plain(plain, tag_name=self._cell(Column.NAME))
        except ConfigurationError as problem:
            columns = {"type": Column.TYPE, "bits": Column.BIT, "bit": Column.BIT, "length": Column.LENGTH}
            column = columns.get(str(problem.parameters.get("field")), Column.ADDRESS)
            self._note(column, "address_wrong", str(problem.parameters.get("complaint", problem)))
            return None

    def _table(self, place: _Place | None) -> ModbusTable | None:
        said: ModbusTable | None = None
        if text := self._cell(Column.TABLE):
            said = _table_of(text)
            if said is None:
                self._note(Column.TABLE, "table_unreadable")
                return place.table if place is not None else None
        named = place.table if place is not None else None
        if said is not None and named is not None and said is not named:
            self._note(Column.TABLE, "table_contradicts")
        table = said or named or self.reading.default_table
        if table is None and place is not None:
            self._note(Column.TABLE, "table_missing")
        return table

    def _bits(self, place: _Place | None) -> tuple[int | None, int]:
        """Return the lowest bit, None for a whole register, and how many there are."""
        text = self._cell(Column.BIT)
        if not text:
            return (place.bit if place is not None else None), 1
        match = re.fullmatch(r"(?:bit)?\s*(\d{1,2})(?:\s*(?:-|\.\.|:)\s*(\d{1,2}))?", text, re.IGNORECASE)
        ends = sorted(int(end) for end in match.groups() if end is not None) if match else [16]
        if ends[-1] > 15:
            self._note(Column.BIT, "bit_unreadable")
            return None, 1
        return ends[0], ends[-1] - ends[0] + 1

    def _length(self, kind: RegisterType | None, place: _Place | None) -> int:
        """Return the registers of a text; for numbers only compare what the list says."""
        said = self._whole(Column.LENGTH, low=1, high=125)
        if said is None and place is not None:
            said = place.count
        characters = re.search(r"[(\[]\s*(\d+)", self._cell(Column.TYPE))
        if kind is RegisterType.STRING:
            if said is None and characters is None:
                self._note(Column.LENGTH, "length_unreadable")
            return said if said is not None else (int(characters[1]) + 1) // 2 if characters else 1
        if kind is not None and said is not None and said != REGISTERS_PER_VALUE[kind]:
            self._note(Column.LENGTH, "length_contradicts", str(said))
        return 1

    def _whole(self, column: Column, *, low: int, high: int) -> int | None:
        text = self._cell(column)
        if not text:
            return None
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        self._note(column, f"{column.value}_unreadable")
        return None

    def _number(self, column: Column, default: float) -> float:
        text = self._cell(column)
        if text in ("", "-"):
            return default
        number = _decimal(text)
        if number is None:
            self._note(column, f"{column.value}_unreadable")
            return default
        return number

    def _unit(self, kind: RegisterType | None) -> str:
        text = self._cell(Column.UNIT)
        if text:
            code = unit_code(text)
            if code is None:
                self._note(Column.UNIT, "unit_unknown")
            return code or ""
        if kind is RegisterType.BOOL:
            return "state"
        if kind is RegisterType.STRING:
            return "1"
        self._note(Column.UNIT, "unit_missing")
        return ""


def _table_of(text: str) -> ModbusTable | None:
    """Return the table of a word or function code; of several codes (03/06/16) the first that reads."""
    whole = plain_word(text)
    if whole in TABLE_WORDS:
        return TABLE_WORDS[whole]
    for part in re.split(r"[/,;+ &]", text):
        word = re.sub(r"^(fc|function|fn)?(0x)?0*(?=\d)", "", plain_word(part))
        if word in TABLE_WORDS:
            return TABLE_WORDS[word]
    return None


def _decimal(text: str) -> float | None:
    """Return the number of 0.1, 0,1, 1/10, x10, /10, *0.1, 10^-1 or 1e-1; None when it is none."""
    plain = re.sub(r"\s", "", text)
    plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
    readers: tuple[tuple[str, Callable[[re.Match[str]], Fraction | float]], ...] = (
        (r"[x*]?([+-]?[\d.]+(?:e[+-]?\d{1,3})?)", lambda m: float(m[1])),
        (r"([+-]?\d{1,18})[/:](\d{1,18})", lambda m: Fraction(int(m[1]), int(m[2]))),
        (r"[/÷:](\d[\d.]*)", lambda m: 1 / float(m[1])),
        (r"10(?:\^|\*\*|e)([+-]?\d{1,2})", lambda m: 10.0 ** int(m[1])),
    )
    for pattern, read in readers:
        if match := re.fullmatch(pattern, plain, re.IGNORECASE):
            try:
                return float(read(match))
            except (ValueError, ZeroDivisionError):
                return None
    return None


def _dtype(kind: RegisterType | None, scaling: Scaling) -> TagDtype:
    if kind is RegisterType.STRING:
        return TagDtype.TEXT
    if scaling == Scaling() and kind in (RegisterType.INT64, RegisterType.UINT64):
        return TagDtype.INT64
    return TagDtype.FLOAT32 if scaling == Scaling() and kind is RegisterType.FLOAT32 else TagDtype.FLOAT64


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
