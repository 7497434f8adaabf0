"""Rows of a register list: each becomes a draft tag, with every problem it has and what to do about it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from acquisition.addresses import REGISTERS_PER_VALUE, ModbusAddress, ModbusTable, Order, RegisterType
from domain.errors import ConfigurationError
from domain.plant.tags import Scaling, TagDtype
from services.set_up.register_places import Numbering, Place, place_of
from services.set_up.register_words import TABLE_WORDS, TYPE_WORDS, WRITE_WORDS, Column, plain_word, unit_code
from storage.table_files import TableRow

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

_SIGNS: Final = str.maketrans({"\u2013": "-", "\u2212": "-", "\u00d7": "x", "\u00b7": "x"})
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


AS_THE_LIST_SAYS: Final = Reading()
"""Everything is guessed from the list itself."""


def cell_of(row: TableRow, columns: Columns, column: Column) -> str:
    """Return the text of a row in a column, "" when it has none; signs of numbers are plain ones."""
    place = columns.get(column)
    text = row.cells[place].strip() if place is not None and place < len(row.cells) else ""
    return text if column in (Column.NAME, Column.LABEL) else text.translate(_SIGNS)


@dataclass(slots=True)
class RowReader:
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
        return cell_of(self.row, self.columns, column)

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
        place = place_of(text, self.numbering) if text else None
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

    def _table(self, place: Place | None) -> ModbusTable | None:
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

    def _bits(self, place: Place | None) -> tuple[int | None, int]:
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

    def _length(self, kind: RegisterType | None, place: Place | None) -> int:
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
