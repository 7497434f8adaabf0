"""Vibration severity zones, or a refusal with its reason [NEW-11, NEW-12].

The boundaries are data with edition and source (``resources/limits``); a value equal to a boundary belongs to
the better zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from domain.errors import ConfigurationError
from domain.plant.assets import MachineGroup, Support
from domain.plant.limits import Provenance
from domain.units import convert, unit

SCOPE_SPEED_RPM = (120.0, 30_000.0)


class Zone(Enum):
    """A newly commissioned, B unrestricted, C restricted, D damage."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class ZoneBoundaries:
    """Velocity boundaries in mm/s r.m.s. and where they come from."""

    ab: float
    bc: float
    cd: float
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ZoneVerdict:
    """A zone with its boundaries, or ``refusal``: the message key that says why there is none."""

    zone: Zone | None
    boundaries: ZoneBoundaries | None = None
    refusal: str = ""


class SeverityTable:
    """Boundaries per machine group and support."""

    def __init__(self, rows: Mapping[tuple[MachineGroup, Support | None], ZoneBoundaries]) -> None:
        self._rows = dict(rows)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "SeverityTable":
        """Build the table from parsed TOML; ConfigurationError names the bad row."""
        rows: dict[tuple[MachineGroup, Support | None], ZoneBoundaries] = {}
        for number, row in enumerate(plain.get("row", ()), start=1):
            try:
                group = MachineGroup(row["group"])
                support = Support(row["support"]) if "support" in row else None
                ab, bc, cd = (float(row[name]) for name in ("ab", "bc", "cd"))
            except (KeyError, ValueError, TypeError) as error:
                raise ConfigurationError(f"severity table, row {number}: {error}") from error
            if not 0 < ab < bc < cd:
                raise ConfigurationError(f"severity table, row {number}: boundaries must rise")
            origin = Provenance(row.get("source", ""), row.get("edition", ""), row.get("table", ""))
            rows[group, support] = ZoneBoundaries(ab, bc, cd, origin)
        return cls(rows)

    def boundaries(self, group: MachineGroup, support: Support | None) -> ZoneBoundaries | None:
        """Return the row of a group; rows without a support serve every support."""
        return self._rows.get((group, support)) or self._rows.get((group, None))

    def verdict(
        self,
        velocity_rms: float,
        *,
        unit_code: str,
        group: MachineGroup | None,
        support: Support | None,
        speed_rpm: float | None = None,
    ) -> ZoneVerdict:
        """Return the zone of a velocity, or a refusal; nothing undeclared is ever assumed."""
        refusal = self._refusal(velocity_rms, unit_code, group, speed_rpm)
        if refusal or group is None:
            return ZoneVerdict(None, refusal=refusal)
        row = self.boundaries(group, support)
        if row is None:
            return ZoneVerdict(None, refusal="zone_no_support" if support is None else "zone_no_row")
        return ZoneVerdict(zone_of(convert(velocity_rms, source=unit_code, target="mm/s"), row), row)

    def _refusal(
        self, velocity: float, unit_code: str, group: MachineGroup | None, speed_rpm: float | None
    ) -> str:
        if velocity != velocity:
            return "zone_no_value"
        if not unit_code:
            return "zone_no_unit"
        if unit(unit_code).dimension != "velocity":
            return "zone_wrong_unit"
        if group is None:
            return "zone_no_group"
        low, high = SCOPE_SPEED_RPM
        if speed_rpm is not None and not low <= speed_rpm <= high:
            return "zone_speed_out_of_scope"
        return ""


def zone_of(velocity_mm_s: float, boundaries: ZoneBoundaries) -> Zone:
    """Return the zone; a value on a boundary belongs to the better zone."""
    if velocity_mm_s <= boundaries.ab:
        return Zone.A
    if velocity_mm_s <= boundaries.bc:
        return Zone.B
    return Zone.C if velocity_mm_s <= boundaries.cd else Zone.D


def alarm_level(baseline_mm_s: float, boundaries: ZoneBoundaries) -> float:
    """Return baseline + 25 % of B/C, at most 1.25 x B/C (standards, section 3)."""
    return min(baseline_mm_s + 0.25 * boundaries.bc, 1.25 * boundaries.bc)


def trip_level(boundaries: ZoneBoundaries) -> float:
    """Return the highest trip level: 1.25 x C/D."""
    return 1.25 * boundaries.cd
