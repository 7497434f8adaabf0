"""Units: dimension, factor and offset to the dimension's base unit, symbol and OPC UA code (UN/CEFACT).

A value without a declared unit is refused where it matters; nothing is ever assumed [NEW-11].
Temperature differences are a dimension of their own, because an offset must not be applied to them. Levels in
decibel are dimensions by their reference: one is not another, and none is an amplitude.
"""

from dataclasses import dataclass

from domain.errors import UnitError


@dataclass(frozen=True, slots=True)
class Unit:
    """``base = value * factor + offset``; ``code`` is the key used in storage and files."""

    code: str
    symbol: str
    dimension: str
    factor: float = 1.0
    offset: float = 0.0
    opcua_code: int | None = None


def _opcua(common_code: str) -> int:
    """Return the OPC UA unitId of a UN/CEFACT common code (OPC 10000-8, 5.6.3.3)."""
    value = 0
    for character in common_code:
        value = value << 8 | ord(character)
    return value


_TABLE = (
    Unit("1", "", "ratio", 1.0, 0.0, _opcua("C62")),
    Unit("%", "%", "ratio", 0.01, 0.0, _opcua("P1")),
    Unit("m/s2", "m/s²", "acceleration", 1.0, 0.0, _opcua("MSK")),
    Unit("g", "g", "acceleration", 9.80665, 0.0, _opcua("K40")),
    Unit("mm/s", "mm/s", "velocity", 1e-3, 0.0, _opcua("C16")),
    Unit("m/s", "m/s", "velocity", 1.0, 0.0, _opcua("MTS")),
    Unit("in/s", "in/s", "velocity", 0.0254, 0.0, _opcua("IU")),
    Unit("um", "µm", "length", 1e-6, 0.0, _opcua("4H")),
    Unit("mm", "mm", "length", 1e-3, 0.0, _opcua("MMT")),
    Unit("m", "m", "length", 1.0, 0.0, _opcua("MTR")),
    Unit("degC", "°C", "temperature", 1.0, 273.15, _opcua("CEL")),
    Unit("degF", "°F", "temperature", 5 / 9, 459.67 * 5 / 9, _opcua("FAH")),
    Unit("K", "K", "temperature", 1.0, 0.0, _opcua("KEL")),
    Unit("dK", "K", "temperature difference", 1.0),
    Unit("ddegF", "°F", "temperature difference", 5 / 9),
    Unit("A", "A", "current", 1.0, 0.0, _opcua("AMP")),
    Unit("mA", "mA", "current", 1e-3, 0.0, _opcua("4K")),
    Unit("uV", "µV", "voltage", 1e-6, 0.0, _opcua("D82")),
    Unit("mV", "mV", "voltage", 1e-3, 0.0, _opcua("2Z")),
    Unit("V", "V", "voltage", 1.0, 0.0, _opcua("VLT")),
    Unit("W", "W", "power", 1.0, 0.0, _opcua("WTT")),
    Unit("kW", "kW", "power", 1e3, 0.0, _opcua("KWT")),
    Unit("Pa", "Pa", "pressure", 1.0, 0.0, _opcua("PAL")),
    Unit("kPa", "kPa", "pressure", 1e3, 0.0, _opcua("KPA")),
    Unit("bar", "bar", "pressure", 1e5, 0.0, _opcua("BAR")),
    Unit("psi", "psi", "pressure", 6894.757293168, 0.0, _opcua("PS")),
    Unit("Hz", "Hz", "frequency", 1.0, 0.0, _opcua("HTZ")),
    Unit("kHz", "kHz", "frequency", 1e3, 0.0, _opcua("KHZ")),
    Unit("1/min", "1/min", "frequency", 1 / 60, 0.0, _opcua("C94")),
    Unit("1/h", "1/h", "frequency", 1 / 3600, 0.0, _opcua("HA")),
    Unit("l/min", "l/min", "volume flow", 1e-3 / 60, 0.0, _opcua("L2")),
    Unit("m3/h", "m³/h", "volume flow", 1 / 3600, 0.0, _opcua("MQH")),
    Unit("s", "s", "time", 1.0, 0.0, _opcua("SEC")),
    Unit("ms", "ms", "time", 1e-3, 0.0, _opcua("C26")),
    Unit("min", "min", "time", 60.0, 0.0, _opcua("MIN")),
    Unit("h", "h", "time", 3600.0, 0.0, _opcua("HUR")),
    Unit("d", "d", "time", 86400.0, 0.0, _opcua("DAY")),
    Unit("N", "N", "force", 1.0, 0.0, _opcua("NEW")),
    Unit("Nm", "N·m", "torque", 1.0, 0.0, _opcua("NU")),
    Unit("count", "", "count", 1.0),
    Unit("state", "", "state", 1.0),
    Unit("dB", "dB", "level", 1.0, 0.0, _opcua("2N")),
    Unit("dBuV", "dBµV", "level re 1 µV"),
    Unit("dBA", "dB(A)", "sound level"),
)

_BY_CODE = {unit.code: unit for unit in _TABLE}
_BY_OPCUA_CODE = {unit.opcua_code: unit for unit in _TABLE if unit.opcua_code is not None}


def unit(code: str) -> Unit:
    """Return the declared unit; UnitError names the unknown code."""
    try:
        return _BY_CODE[code]
    except KeyError:
        raise UnitError(
            f"unit '{code}' is not declared; choose one of the unit list", key="unit_unknown", code=code
        ) from None


def unit_from_opcua(unit_id: int) -> Unit | None:
    """Return the unit of an OPC UA EUInformation.unitId, or None when we do not declare it."""
    return _BY_OPCUA_CODE.get(unit_id)


def all_units() -> tuple[Unit, ...]:
    """Return every declared unit in table order."""
    return _TABLE


def convert(value: float, *, source: str, target: str) -> float:
    """Convert a value between two units of one dimension; UnitError when the dimensions differ.

    Works on numpy arrays as on floats.
    """
    if source == target:
        return value
    origin, destination = unit(source), unit(target)
    if origin.dimension != destination.dimension:
        raise UnitError(
            f"'{source}' is a {origin.dimension}, '{target}' a {destination.dimension}: not convertible",
            key="unit_dimension",
            source=source,
            target=target,
        )
    return (value * origin.factor + origin.offset - destination.offset) / destination.factor
