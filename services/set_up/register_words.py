"""The words of register lists, English and German, and what they mean. Data, not rules."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from acquisition.addresses import ModbusTable, RegisterType
from domain.units import all_units


class Column(Enum):
    """What a column of a register list holds."""

    NAME = "name"
    LABEL = "label"
    ADDRESS = "address"
    TABLE = "table"
    TYPE = "type"
    ORDER = "order"
    SCALE = "scale"
    OFFSET = "offset"
    UNIT = "unit"
    BIT = "bit"
    LENGTH = "length"
    ACCESS = "access"
    UNIT_ID = "unit_id"


HEADER_WORDS: Final[Mapping[Column, tuple[str, ...]]] = {
    column: tuple(words.split())
    for column, words in {
        Column.UNIT_ID: """
            unitid slaveid slave deviceid geraeteadresse stationsadresse slaveadresse teilnehmer
            modbusid unitidentifier slaveaddress deviceaddress
        """,
        Column.NAME: """
            name tag tagname symbol variable bezeichner messgroesse parameter signal point pointname
            datenpunkt kurzzeichen variablenname registername
        """,
        Column.LABEL: """
            description label comment beschreibung bezeichnung kommentar meaning bedeutung bemerkung
            remark remarks text longname
        """,
        Column.ADDRESS: """
            address register adresse registeraddress registeradresse modbusaddress modbusadresse
            addr reg registernumber registernummer startaddress startadresse adr modbusregister
            registeroffset startregister
        """,
        Column.TABLE: """
            table function functioncode fc funktion funktionscode registertype registerart
            registertyp objecttype area bereich tabelle speicherbereich space
        """,
        Column.TYPE: """
            type datatype format typ datentyp dataformat datenformat datentype vartype
        """,
        Column.ORDER: """
            wordorder byteorder endian endianness order wortreihenfolge bytereihenfolge reihenfolge
            swap byteswap wordswap
        """,
        Column.SCALE: """
            scale factor scaling multiplier gain skalierung faktor scalefactor skalierungsfaktor
            multiplikator aufloesung resolution umrechnungsfaktor
        """,
        Column.OFFSET: """
            offset bias versatz nullpunkt zero
        """,
        Column.UNIT: """
            unit units engineeringunit eu einheit masseinheit uom unitofmeasure
        """,
        Column.BIT: """
            bit bitposition bitnumber bitnummer bitno bits bitnr
        """,
        Column.LENGTH: """
            length size count words laenge anzahl registers numberofregisters registeranzahl
            quantity noofregisters
        """,
        Column.ACCESS: """
            access rw accessmode zugriff readwrite permission zugriffsart accessright lesenschreiben
            attribute
        """,
    }.items()
}

TABLE_WORDS: Final[Mapping[str, ModbusTable]] = {
    word: meaning
    for meaning, words in {
        ModbusTable.COIL: """
            coil coils spule do digitaloutput 0x 1 5 15
        """,
        ModbusTable.DISCRETE: """
            discrete discreteinput discreteinputs diskretereingang contact di digitalinput
            inputstatus status 1x 2
        """,
        ModbusTable.HOLDING: """
            holding holdingregister holdingregisters halteregister hr ausgangsregister 4x 3 6 16
            rwregister
        """,
        ModbusTable.INPUT: """
            input inputregister inputregisters eingangsregister ir 3x 4
        """,
    }.items()
    for word in words.split()
}

TYPE_WORDS: Final[Mapping[str, RegisterType]] = {
    word: meaning
    for meaning, words in {
        RegisterType.BOOL: """
            bool boolean bit binary digital binaer
        """,
        RegisterType.INT16: """
            int16 int short s16 sint16 signed16 i16 integer signed sword signedint16 int16s
            16bitsigned signedint sunssf
        """,
        RegisterType.UINT16: """
            uint16 uint word u16 ushort unsigned16 unsigned ui16 unsignedint16 int16u 16bitunsigned
            unsignedint enum16 bitfield16 enum bitfield unsignedshort 16bit
        """,
        RegisterType.INT32: """
            int32 dint long s32 sint32 signed32 i32 slong signedint32 int32s 32bitsigned signedlong
            longint
        """,
        RegisterType.UINT32: """
            uint32 udint dword ulong u32 unsigned32 ui32 unsignedint32 int32u 32bitunsigned
            unsignedlong acc32 bitfield32 32bit
        """,
        RegisterType.INT64: """
            int64 lint s64 sint64 signed64 i64 int64s longlong
        """,
        RegisterType.UINT64: """
            uint64 ulint lword qword u64 unsigned64 ui64 int64u acc64
        """,
        RegisterType.FLOAT32: """
            float float32 real single f32 ieee754 ieeefloat real32 32bitfloat floatingpoint
            gleitkomma fliesskomma
        """,
        RegisterType.FLOAT64: """
            double float64 lreal f64 real64 64bitfloat
        """,
        RegisterType.STRING: """
            string char ascii text str zeichenkette zeichen
        """,
    }.items()
    for word in words.split()
}

WRITE_WORDS: Final = frozenset("rw w wo wr readwrite write writeonly schreiben lesenschreiben ls rwp".split())

_UNIT_ALIASES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("-", "--", "none", "ohne", "keine", "n/a", "dimensionless", "dimensionslos", "faktor"), "1"
    ),
    **dict.fromkeys(("°c", "c", "deg c", "celsius", "grad c", "ºc", "grd c"), "degC"),
    **dict.fromkeys(("°f", "f", "deg f", "fahrenheit"), "degF"),
    **dict.fromkeys(("rpm", "u/min", "min-1", "min^-1", "1/min", "r/min", "upm", "/min"), "1/min"),
    **dict.fromkeys(("µm", "um", "μm", "micron", "mikrometer"), "um"),
    **dict.fromkeys(("m³/h", "m3/h", "m^3/h", "cbm/h", "qm3/h"), "m3/h"),
    **dict.fromkeys(("l/min", "lpm", "ltr/min"), "l/min"),
    **dict.fromkeys(("m/s²", "m/s2", "m/s^2"), "m/s2"),
    **dict.fromkeys(("n·m", "n*m", "n m"), "Nm"),
    **dict.fromkeys(("pcs", "stk", "stück", "stueck", "pieces", "counts", "anzahl"), "count"),
    **dict.fromkeys(("percent", "prozent", "pct"), "%"),
    **dict.fromkeys(("sec", "sek", "seconds", "sekunden"), "s"),
    **dict.fromkeys(("hours", "std", "stunden", "hrs"), "h"),
    **dict.fromkeys(("amp", "ampere", "amps"), "A"),
    **dict.fromkeys(("volt", "volts"), "V"),
    **dict.fromkeys(("hertz",), "Hz"),
    **dict.fromkeys(("zustand", "status", "state", "bool", "enum"), "state"),
}


_SAFE_IN_ANY_CASE: Final[Mapping[str, str]] = {
    code.lower(): code for code in "bar psi Hz kHz kW kPa Pa mm/s min mm dB degC degF".split()
}
"""Units that capitals do not turn into another one, as mS and ms are."""


def plain_word(text: str) -> str:
    """Return the letters and digits alone, small, umlauts spelled out."""
    spelled = text.lower()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        spelled = spelled.replace(letter, letters)
    return re.sub(r"[^a-z0-9]", "", spelled)


def unit_code(text: str) -> str | None:
    """Return the declared unit that people write so, None when there is none."""
    written = text.strip().strip("[]()").strip()
    for unit in all_units():
        if written in (unit.code, unit.symbol) and written:
            return unit.code
    small = written.lower()
    if small in _UNIT_ALIASES:
        return _UNIT_ALIASES[small]
    return _SAFE_IN_ANY_CASE.get(small)
