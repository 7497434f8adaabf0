"""What a status code of OPC UA means for quality."""

from typing import Final

from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    GOOD,
    QualityCause,
    QualityClass,
    quality_code,
)

_UNCERTAIN_DEVICE: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.DEVICE_SAYS_BAD)
OVERFLOW_BITS: Final = 0x0480
"""InfoType "data value" with its overflow bit: the server's queue for this item dropped values."""

_NOT_CONFIGURED: Final = frozenset({0x80330000, 0x80340000, 0x80350000})
"""BadNodeIdInvalid, BadNodeIdUnknown, BadAttributeIdInvalid."""
_NO_COMMUNICATION: Final = frozenset({0x80310000, 0x808A0000})
"""BadNoCommunication, BadNotConnected."""


def quality_of_status(status: int) -> int:
    """Return our quality for an OPC UA status code (severity in the top two bits)."""
    severity = status >> 30
    if severity == 0:
        return GOOD
    if severity == 1:
        return _UNCERTAIN_DEVICE
    code = status & 0xFFFF_0000
    if code in _NOT_CONFIGURED:
        return BAD_NOT_CONFIGURED
    return BAD_COMMUNICATION_LOST if code in _NO_COMMUNICATION else BAD_DEVICE
