"""Limits of the demo plant with their provenance, and what to do when one is passed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from acquisition.simulators.bottling_plant import LINES, MachineSpec, ValueSpec
from domain.condition.alarms import AlarmRule, Priority
from domain.condition.baseline import RobustBaseline
from domain.condition.severity import SeverityTable, ZoneBoundaries, alarm_level
from domain.identifiers import new_id
from domain.plant.assets import MeasurementPoint
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.tags import Feature, Tag, TagKind
from services.set_up.standing_rules import link_loss_rule, link_rule, system_rules

SITE = Provenance("site", "demo plant", "machine data sheet")
BANDS = Provenance("site", "demo plant", "experience with bearings of these motors")
DEFECT_LEVELS_G = {Priority.MEDIUM: 0.10, Priority.CRITICAL: 0.60}
VIBRATION_OFF_DELAY_S = 90.0
"""Longer than a micro-stop: a worn bearing is not well because its machine paused."""

DEFECT_PARTS = {
    Feature.OUTER_RACE: "outer race",
    Feature.INNER_RACE: "inner race",
    Feature.ROLLING_ELEMENT: "rolling element",
}


@dataclass(frozen=True, slots=True)
class _Words:
    consequence: str
    likely_cause: str
    response: str
    call: str = "Maintenance on shift, then shift supervisor"
    respond_within_s: float = 3600.0


def demo_rules(
    plant: Plant, severity: SeverityTable, baselines: Mapping[int, RobustBaseline]
) -> tuple[AlarmRule, ...]:
    """Return the alarm rules of the demo plant."""
    specs = {machine.code: machine for line in LINES for machine in line.machines}
    rules: list[AlarmRule] = []
    for tag in plant.tags:
        spec = specs[plant.machine_of(tag.asset_id).code]
        rules.extend(_value_rules(tag, spec))
    for point in plant.points:
        rules.extend(_defect_rules(plant, point))
        rules.extend(_velocity_rules(plant, point, severity, baselines))
    site_id = plant.assets[0].id
    rules.extend(link_rule(connection, site_id=site_id) for connection in plant.connections)
    rules.extend(link_loss_rule(connection, site_id=site_id) for connection in plant.connections)
    rules.extend(system_rules(site_id=site_id))
    return tuple(rules)


def _value_rules(tag: Tag, spec: MachineSpec) -> Iterator[AlarmRule]:
    value = next((each for each in spec.values if tag.name == f"{spec.code}.{each.code}"), None)
    if value is None or tag.kind is not TagKind.MEASURED:
        return
    words = _value_words(spec, value)
    levels = (
        (value.high, LimitSide.HIGH, Priority.MEDIUM, False),
        (value.danger, LimitSide.HIGH, Priority.HIGH, False),
        (value.low, LimitSide.LOW, Priority.HIGH, True),
    )
    for level, side, priority, only_running in levels:
        if level is not None:
            key = "value_high" if side is LimitSide.HIGH else "value_low"
            deadband = 0.02 * abs(level)
            yield _rule(
                tag, Limit(level, tag.unit, side, SITE), priority, key, words,
                deadband=deadband, on_delay_s=8.0, off_delay_s=15.0, only_running=only_running,
            )  # fmt: skip


def _value_words(spec: MachineSpec, value: ValueSpec) -> _Words:
    label = value.label.lower()
    return _Words(
        f"{spec.name} may stop or make rejects.",
        f"The {label} left its usual range: check sensor, supply and load.",
        f"1 Look at the {label} on the machine.\n2 Compare with the other line.\n"
        "3 Tell maintenance if it stays.",
    )


def _defect_rules(plant: Plant, point: MeasurementPoint) -> Iterator[AlarmRule]:
    for feature, part in DEFECT_PARTS.items():
        tag = plant.feature_tag(point.id, feature)
        if tag is None or point.bearing is None:
            continue
        words = _Words(
            "The bearing seizes and the machine stops; a repair takes about four hours.",
            f"Spalling of the {part} of bearing {point.bearing.designation}; look for poor lubrication.",
            "1 Listen at the motor, feel its heat.\n2 Compare the envelope spectrum with the baseline.\n"
            "3 Plan the bearing change.",
            respond_within_s=1800.0,
        )
        for priority, level in DEFECT_LEVELS_G.items():
            yield _rule(
                tag, Limit(level, tag.unit, LimitSide.HIGH, BANDS), priority, "band_high", words,
                deadband=0.1 * level, on_delay_s=6.0, off_delay_s=VIBRATION_OFF_DELAY_S, only_running=True,
            )  # fmt: skip


def _velocity_rules(
    plant: Plant, point: MeasurementPoint, severity: SeverityTable, baselines: Mapping[int, RobustBaseline]
) -> Iterator[AlarmRule]:
    tag = plant.feature_tag(point.id, Feature.VELOCITY_RMS)
    asset = plant.asset(point.asset_id)
    row = None if asset.machine_group is None else severity.boundaries(asset.machine_group, asset.support)
    if tag is None or row is None or tag.key not in baselines:
        return
    words = _Words(
        "Bearings, seals and foundation wear faster.",
        "Unbalance, misalignment or looseness: look at the first orders of shaft speed.",
        "1 Look for build-up on the rotor.\n2 Check foot bolts and coupling.\n3 Take a spectrum.",
    )
    for level, priority in _velocity_levels(row, baselines[tag.key]):
        yield _rule(
            tag, Limit(level, tag.unit, LimitSide.HIGH, row.provenance), priority, "value_high", words,
            deadband=0.08 * level, on_delay_s=10.0, off_delay_s=VIBRATION_OFF_DELAY_S, only_running=True,
        )  # fmt: skip


def _velocity_levels(row: ZoneBoundaries, baseline: RobustBaseline) -> Iterable[tuple[float, Priority]]:
    warning = round(alarm_level(baseline.median, row), 2)
    trip = (row.cd, Priority.HIGH)
    return ((warning, Priority.MEDIUM), trip) if warning < row.cd else (trip,)


def _rule(
    tag: Tag,
    limit: Limit,
    priority: Priority,
    message_key: str,
    words: _Words,
    *,
    deadband: float,
    on_delay_s: float,
    off_delay_s: float,
    only_running: bool,
) -> AlarmRule:
    return AlarmRule(
        new_id(), tag.asset_id, priority, message_key, tag_key=tag.key, limit=limit,
        on_delay_s=on_delay_s, off_delay_s=off_delay_s, deadband=deadband, only_running=only_running,
        consequence=words.consequence, likely_cause=words.likely_cause, response=words.response,
        call=words.call, respond_within_s=words.respond_within_s,
    )  # fmt: skip
