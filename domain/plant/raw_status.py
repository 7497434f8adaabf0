"""Names of the OPC UA status codes with which servers say that a value is not good (Parts 4 and 8)."""

from typing import Final

_NAMES: Final = {
    0x408F0000: "UncertainNoCommunicationLastUsableValue",
    0x40900000: "UncertainLastUsableValue",
    0x40910000: "UncertainSubstituteValue",
    0x40920000: "UncertainInitialValue",
    0x40930000: "UncertainSensorNotAccurate",
    0x40940000: "UncertainEngineeringUnitsExceeded",
    0x40950000: "UncertainSubNormal",
    0x40A40000: "UncertainDataSubNormal",
    0x40E20000: "UncertainDependentValueChanged",
    0x80020000: "BadInternalError",
    0x80040000: "BadResourceUnavailable",
    0x800A0000: "BadTimeout",
    0x800C0000: "BadShutdown",
    0x801F0000: "BadUserAccessDenied",
    0x80310000: "BadNoCommunication",
    0x80320000: "BadWaitingForInitialData",
    0x80330000: "BadNodeIdInvalid",
    0x80340000: "BadNodeIdUnknown",
    0x80350000: "BadAttributeIdInvalid",
    0x803A0000: "BadNotReadable",
    0x803C0000: "BadOutOfRange",
    0x803D0000: "BadNotSupported",
    0x803E0000: "BadNotFound",
    0x803F0000: "BadObjectDeleted",
    0x80890000: "BadConfigurationError",
    0x808A0000: "BadNotConnected",
    0x808B0000: "BadDeviceFailure",
    0x808C0000: "BadSensorFailure",
    0x808D0000: "BadOutOfService",
    0x809B0000: "BadNoData",
    0x809D0000: "BadDataLost",
    0x809E0000: "BadDataUnavailable",
    0x80AF0000: "BadInvalidState",
    0x80E30000: "BadDependentValueChanged",
}
_CODE_BITS: Final = 0xFFFF_0000
"""The lower half tells of limits and queues, not of the reason."""


def status_name(raw_status: int) -> str:
    """Return the name of a code as devices document it, its number where it has none, "" for 0."""
    if not raw_status:
        return ""
    return _NAMES.get(raw_status & _CODE_BITS, f"0x{raw_status:08X}")
