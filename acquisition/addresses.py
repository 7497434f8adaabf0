"""Addresses: what a tag's plain ``address`` mapping means to each driver.

Each address is frozen and converts from and to plain data (strings, numbers) as stored in the set-up. Every
complaint is a ``ConfigurationError`` that names the tag and the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Final, TypeVar

from acquisition.json_path import path_steps
from acquisition.plain_fields import Plain, PlainFields
from domain.errors import ConfigurationError


class ModbusTable(Enum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"

    @property
    def is_bits(self) -> bool:
        return self in (ModbusTable.COIL, ModbusTable.DISCRETE)


class RegisterType(Enum):
    """How registers make one value."""

    BOOL = "bool"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"


class Order(Enum):
    """Order of words in a value, or of bytes in a word; BIG is what the Modbus specification says."""

    BIG = "big"
    LITTLE = "little"


REGISTERS_PER_VALUE: Mapping[RegisterType, int] = {
    RegisterType.BOOL: 1,
    RegisterType.INT16: 1,
    RegisterType.UINT16: 1,
    RegisterType.INT32: 2,
    RegisterType.UINT32: 2,
    RegisterType.INT64: 4,
    RegisterType.UINT64: 4,
    RegisterType.FLOAT32: 2,
    RegisterType.FLOAT64: 4,
}

_Choice = TypeVar("_Choice", bound=Enum)


class _Fields(PlainFields):
    """The address of one tag."""

    def __init__(self, plain: Plain, tag_name: str) -> None:
        super().__init__(plain)
        self._tag_name = tag_name

    def wrong(self, name: str, complaint: str) -> ConfigurationError:
        return ConfigurationError(
            f"tag '{self._tag_name}': address field '{name}' {complaint}",
            key="address_wrong",
            tag=self._tag_name,
            field=name,
            complaint=complaint,
        )

    def only(self, *known: str) -> None:
        unknown = sorted(set(self._plain) - set(known))
        if unknown:
            raise self.wrong(unknown[0], f"is not known; known are {', '.join(known)}")

    def choice(self, field: str, kind: type[_Choice], *, default: _Choice) -> _Choice:
        value = self._plain.get(field, default.value)
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(each.value) for each in kind)
            raise self.wrong(field, f"must be one of {allowed}, got {value!r}") from None


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Where a value lies in a Modbus device.

    ``offset`` counts from 0 as on the wire (register 40001 is offset 0). ``bit`` 0..15, 0 the lowest, picks
    one bit of a register for type bool; with ``bits`` 1..16 type uint16 is the field of so many bits from
    there, None the whole register. ``length`` is the number of registers of a string. ``unit`` None means
    the connection's own unit.
    """

    offset: int
    table: ModbusTable = ModbusTable.HOLDING
    type: RegisterType = RegisterType.UINT16
    unit: int | None = None
    bit: int = 0
    word_order: Order = Order.BIG
    byte_order: Order = Order.BIG
    length: int = 1
    bits: int | None = None

    @property
    def is_bit_field(self) -> bool:
        """Whether the value shares its register with others."""
        return not self.table.is_bits and (self.type is RegisterType.BOOL or self.bits is not None)

    @property
    def mask(self) -> int:
        """The bits of the value after shifting its lowest one to the end; 1 for a bool."""
        return (1 << (self.bits or 1)) - 1

    @property
    def count(self) -> int:
        """Registers (or bits, in the bit tables) that the value occupies."""
        if self.table.is_bits:
            return 1
        return self.length if self.type is RegisterType.STRING else REGISTERS_PER_VALUE[self.type]

    @classmethod
    def from_plain(cls, plain: Plain, *, tag_name: str = "") -> "ModbusAddress":
        """Return the address of a plain mapping; ConfigurationError names tag and field."""
        fields = _Fields(plain, tag_name)
        fields.only("offset", "table", "type", "unit", "bit", "word_order", "byte_order", "length", "bits")
        table = fields.choice("table", ModbusTable, default=ModbusTable.HOLDING)
        natural = RegisterType.BOOL if table.is_bits else RegisterType.UINT16
        address = cls(
            offset=fields.integer("offset", low=0, high=65535),
            table=table,
            type=fields.choice("type", RegisterType, default=natural),
            unit=fields.integer("unit", low=0, high=255) if plain.get("unit") is not None else None,
            bit=fields.integer("bit", low=0, high=15, default=0),
            word_order=fields.choice("word_order", Order, default=Order.BIG),
            byte_order=fields.choice("byte_order", Order, default=Order.BIG),
            length=fields.integer("length", low=1, high=125, default=1),
            bits=fields.integer("bits", low=1, high=16) if plain.get("bits") is not None else None,
        )
        address._check_bits(fields)
        if table.is_bits and address.type is not RegisterType.BOOL:
            raise fields.wrong("type", f"must be bool in table {table.value}, got '{address.type.value}'")
        if address.offset + address.count > 65536:
            raise fields.wrong("offset", f"{address.offset} leaves no room for {address.count} registers")
        return address

    def _check_bits(self, fields: _Fields) -> None:
        if self.bits is not None and self.type is not RegisterType.UINT16:
            raise fields.wrong("bits", f"makes a field of type uint16 only, not of {self.type.value}")
        if self.bits is None and self.bit and self.type is RegisterType.UINT16:
            raise fields.wrong("bits", f"is missing: how many bits from bit {self.bit} on, or type bool")
        if self.bit + (self.bits or 1) > 16:
            raise fields.wrong("bits", f"{self.bits} from bit {self.bit} on leave the register")

    def to_plain(self) -> dict[str, object]:
        """Return the plain form; defaults are left out."""
        plain: dict[str, object] = {
            "table": self.table.value,
            "offset": self.offset,
            "type": self.type.value,
        }
        if self.unit is not None:
            plain["unit"] = self.unit
        if self.is_bit_field:
            plain["bit"] = self.bit
        if self.bits is not None:
            plain["bits"] = self.bits
        if self.word_order is not Order.BIG:
            plain["word_order"] = self.word_order.value
        if self.byte_order is not Order.BIG:
            plain["byte_order"] = self.byte_order.value
        if self.type is RegisterType.STRING:
            plain["length"] = self.length
        return plain


class NodeIdType(Enum):
    """Kinds of OPC UA node identifiers, by their letter."""

    NUMERIC = "i"
    STRING = "s"
    GUID = "g"
    OPAQUE = "b"


@dataclass(frozen=True, slots=True)
class OpcUaAddress:
    """An OPC UA node by namespace URI, because a server may renumber its namespaces at any start.

    ``identifier`` is text: a number for type ``i``, a GUID for ``g``, base64 for ``b``.
    """

    namespace_uri: str
    identifier: str
    id_type: NodeIdType = NodeIdType.STRING

    @classmethod
    def from_plain(cls, plain: Plain, *, tag_name: str = "") -> "OpcUaAddress":
        """Return the address of a plain mapping; ConfigurationError names tag and field."""
        fields = _Fields(plain, tag_name)
        fields.only("namespace_uri", "identifier", "id_type")
        id_type = fields.choice("id_type", NodeIdType, default=NodeIdType.STRING)
        identifier = plain.get("identifier")
        if id_type is NodeIdType.NUMERIC:
            text = str(identifier) if not isinstance(identifier, bool) else ""
            if not text.isdecimal() or int(text) > 0xFFFF_FFFF:
                raise fields.wrong("identifier", f"must be a number for id type 'i', got {identifier!r}")
            return cls(fields.text("namespace_uri"), text, id_type)
        return cls(fields.text("namespace_uri"), fields.text("identifier"), id_type)

    def to_plain(self) -> dict[str, object]:
        """Return the plain form."""
        return {
            "namespace_uri": self.namespace_uri,
            "identifier": self.identifier,
            "id_type": self.id_type.value,
        }


@dataclass(frozen=True, slots=True)
class ReplayAddress:
    """A channel or column of a recording, by its name there."""

    channel: str

    @classmethod
    def from_plain(cls, plain: Plain, *, tag_name: str = "") -> "ReplayAddress":
        """Return the address of a plain mapping; ConfigurationError names tag and field."""
        fields = _Fields(plain, tag_name)
        fields.only("channel")
        return cls(fields.text("channel"))

    def to_plain(self) -> dict[str, object]:
        """Return the plain form."""
        return {"channel": self.channel}


FILE_ENDINGS: Final = (".csv", ".csv.gz", ".wav", ".npz", ".uff", ".unv")
"""Of files that can be read."""


@dataclass(frozen=True, slots=True)
class FilesAddress:
    """A channel or column of the files whose name fits a pattern ("PumpA_*.wav"), in capitals or not."""

    channel: str
    file: str = "*"

    def fits(self, name: str) -> bool:
        """Say whether a file of this name may hold the value."""
        return fnmatchcase(name.casefold(), self.file.casefold())

    @classmethod
    def from_plain(cls, plain: Plain, *, tag_name: str = "") -> "FilesAddress":
        """Return the address of a plain mapping; ConfigurationError names tag and field."""
        fields = _Fields(plain, tag_name)
        fields.only("channel", "file")
        return cls(fields.text("channel"), fields.text("file", default="*"))

    def to_plain(self) -> dict[str, object]:
        """Return the plain form; defaults are left out."""
        plain: dict[str, object] = {"channel": self.channel}
        return plain | {"file": self.file} if self.file != "*" else plain


class MqttFormat(Enum):
    """What the payload of a topic is."""

    NUMBER = "number"
    TEXT = "text"
    JSON = "json"
    FLOAT32 = "float32"
    """Little-endian samples of a waveform."""
    INT16 = "int16"
    SPARKPLUG = "sparkplug"


class TimeForm(Enum):
    """How a time stamp is written: a number since 1970 in a unit, or ISO 8601 (UTC by default)."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    ISO = "iso"


@dataclass(frozen=True, slots=True)
class MqttAddress:
    """Where a value is published.

    ``topic`` is the exact topic, without wildcards; for Sparkplug it is "group/node" or "group/node/device"
    and ``metric`` the name there. ``path`` leads into JSON, ``time_path`` to its time stamp ("" when there is
    none). A topic that is silent for ``silent_after_s`` turns stale; 0, the default, leaves it to the link
    and to the period of the tag.
    """

    topic: str
    format: MqttFormat = MqttFormat.NUMBER
    path: str = ""
    metric: str = ""
    time_path: str = ""
    time_form: TimeForm = TimeForm.SECONDS
    silent_after_s: float = 0.0

    @classmethod
    def from_plain(cls, plain: Plain, *, tag_name: str = "") -> "MqttAddress":
        """Return the address of a plain mapping; ConfigurationError names tag and field."""
        fields = _Fields(plain, tag_name)
        fields.only("topic", "format", "path", "metric", "time_path", "time_form", "silent_after_s")
        address = cls(
            topic=fields.text("topic"),
            format=fields.choice("format", MqttFormat, default=MqttFormat.NUMBER),
            path=fields.text("path", default=""),
            metric=fields.text("metric", default=""),
            time_path=fields.text("time_path", default=""),
            time_form=fields.choice("time_form", TimeForm, default=TimeForm.SECONDS),
            silent_after_s=fields.number("silent_after_s", low=0, high=1e7, default=0.0),
        )
        address._check(fields)
        return address

    def _check(self, fields: _Fields) -> None:
        if any(sign in self.topic for sign in "+#\0") or len(self.topic.encode()) > 65535:
            raise fields.wrong("topic", f"must be one topic without wildcards, got {self.topic!r}")
        is_sparkplug = self.format is MqttFormat.SPARKPLUG
        if is_sparkplug and self.topic.count("/") not in (1, 2):
            raise fields.wrong("topic", f"must be group/node or group/node/device, got {self.topic!r}")
        if is_sparkplug != bool(self.metric):
            raise fields.wrong("metric", "belongs to format sparkplug, and only to it")
        for name in ("path", "time_path"):
            path = getattr(self, name)
            if path and self.format is not MqttFormat.JSON:
                raise fields.wrong(name, "belongs to format json")
            try:
                path_steps(path)
            except ValueError as unreadable:
                raise fields.wrong(name, str(unreadable)) from None

    def to_plain(self) -> dict[str, object]:
        """Return the plain form; defaults are left out."""
        plain: dict[str, object] = {"topic": self.topic, "format": self.format.value}
        for name in ("path", "metric", "time_path"):
            if getattr(self, name):
                plain[name] = getattr(self, name)
        if self.time_form is not TimeForm.SECONDS:
            plain["time_form"] = self.time_form.value
        if self.silent_after_s:
            plain["silent_after_s"] = self.silent_after_s
        return plain
