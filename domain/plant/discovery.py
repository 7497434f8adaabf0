"""What a device offers when it is browsed: places to look into and values to take."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One thing a device told of.

    ``place`` is the driver's own name of it, given back to browse below; ``address`` is the plain address of
    a tag, None for a folder. ``dtype`` is in the device's words, ``unit`` a code of ``domain/units.py`` or
    "" when the device does not tell; ``sampling_rate_hz`` is set for sampled arrays; ``value`` is the present
    one as text.
    """

    place: str
    name: str
    has_children: bool
    address: Mapping[str, object] | None = None
    dtype: str = ""
    unit: str = ""
    description: str = ""
    value: str = ""
    is_array: bool = False
    sampling_rate_hz: float | None = None
