"""The severity zone of a machine's worst point in words, or why there is none."""

from dataclasses import dataclass

from domain.condition.severity import SeverityTable, Zone, ZoneVerdict
from domain.plant.assets import MachineState, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Feature
from ui.formatting import number
from ui.screens.figures import MachineSheet
from ui.screens.readings import Readings
from ui.text import QT_TRANSLATE_NOOP, refusal, tr

_MEANINGS = {
    Zone.A: QT_TRANSLATE_NOOP("Severity", "like new"),
    Zone.B: QT_TRANSLATE_NOOP("Severity", "good for long operation"),
    Zone.C: QT_TRANSLATE_NOOP("Severity", "for limited time only"),
    Zone.D: QT_TRANSLATE_NOOP("Severity", "does damage"),
}


@dataclass(frozen=True, slots=True)
class ZoneWords:
    """``head`` is "Zone B" or a dash, ``origin`` the standard with its edition or the refusal."""

    head: str
    origin: str
    tip: str = ""


def zone_words(plant: Plant, severity: SeverityTable, sheet: MachineSheet, readings: Readings) -> ZoneWords:
    """Return the zone of the point that vibrates worst."""
    if readings.state(sheet.state_key) is not MachineState.RUN:
        unknown = readings.state(sheet.state_key) is MachineState.UNKNOWN
        return ZoneWords("\u2013", refusal("health_no_state" if unknown else "health_not_running"))
    found = [(point, _verdict(plant, severity, point, readings)) for point in sheet.points]
    zones = [(point, each) for point, each in found if each.zone is not None]
    if not zones:
        key = found[0][1].refusal if found else "zone_no_value"
        return ZoneWords("\u2013", refusal(key))
    point, worst = max(zones, key=_height)
    assert worst.zone is not None
    assert worst.boundaries is not None
    origin = worst.boundaries.provenance
    limits = worst.boundaries
    tip = tr(
        "Severity",
        "{point}: {meaning}. Boundaries {ab} / {bc} / {cd} mm/s, {standard} {edition} {table}",
        point=point.name,
        meaning=tr("Severity", _MEANINGS[worst.zone]),
        ab=number(limits.ab, 2),
        bc=number(limits.bc, 2),
        cd=number(limits.cd, 2),
        standard=origin.source,
        edition=origin.edition,
        table=origin.table,
    )
    return ZoneWords(
        tr("Severity", "Zone {zone}", zone=worst.zone.value), f"{origin.source} {origin.edition}".strip(), tip
    )


def _verdict(
    plant: Plant, severity: SeverityTable, point: MeasurementPoint, readings: Readings
) -> ZoneVerdict:
    asset = plant.asset(point.asset_id)
    tag = plant.feature_tag(point.id, Feature.VELOCITY_RMS)
    value = readings.number(tag.key) if tag is not None else None
    speed = readings.number(point.speed_tag_key)
    return severity.verdict(
        float("nan") if value is None else value,
        unit_code=tag.unit if tag is not None else "",
        group=asset.machine_group,
        support=asset.support,
        speed_rpm=None if speed is None else speed * point.speed_ratio,
    )


def _height(found: tuple[MeasurementPoint, ZoneVerdict]) -> str:
    zone = found[1].zone
    return zone.value if zone is not None else ""
