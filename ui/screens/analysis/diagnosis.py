"""Evidence of the services in words: every figure with what it was measured against, refusals calmly."""

from collections.abc import Mapping

from domain.condition.severity import SeverityTable, ZoneVerdict
from domain.plant.tags import Feature
from services.evidence import SUPPORT_DB, BearingEvidence, DefectEvidence
from ui.formatting import number, significant
from ui.screens.analysis.facts import Fact, FactKind
from ui.screens.analysis.live import Motion
from ui.screens.analysis.points import PointEntry
from ui.screens.readings import Readings
from ui.text import QT_TRANSLATE_NOOP, refusal, tr

FULL_DB = 40.0
MOST_TIMES = 100.0
"""Beyond this the normal level is so low that a figure would only look exact."""

_DEFECTS: Mapping[Feature, str] = {
    Feature.OUTER_RACE: QT_TRANSLATE_NOOP("Diagnosis", "Outer-race defect"),
    Feature.INNER_RACE: QT_TRANSLATE_NOOP("Diagnosis", "Inner-race defect"),
    Feature.ROLLING_ELEMENT: QT_TRANSLATE_NOOP("Diagnosis", "Rolling-element defect"),
}
LINE_NAMES: Mapping[Feature, str] = {
    Feature.OUTER_RACE: "BPFO",
    Feature.INNER_RACE: "BPFI",
    Feature.ROLLING_ELEMENT: "BSF",
}


def diagnosis_facts(evidence: BearingEvidence, entry: PointEntry) -> list[Fact]:
    """Return the diagnosis panel: the strongest defect with its evidence, then what was looked at in vain."""
    if evidence.refusal:
        words = tr("Diagnosis", "No bearing diagnosis: {why}", why=refusal(evidence.refusal))
        return [Fact(FactKind.NOTE, words)]
    facts: list[Fact] = []
    if evidence.supported:
        facts += _supported(evidence.supported[0], entry, has_baseline=evidence.has_baseline)
        for other in evidence.supported[1:]:
            facts += [Fact(FactKind.RULE), Fact(FactKind.HEADING, _name(other), _decibel(other.rise_db))]
            facts += _figures(other, has_baseline=evidence.has_baseline)[:2]
    else:
        facts.append(Fact(FactKind.TITLE, tr("Diagnosis", "No bearing defect found")))
        facts.append(Fact(FactKind.NOTE, _against(evidence.has_baseline)))
    if evidence.considered:
        facts += [Fact(FactKind.RULE), Fact(FactKind.HEADING, tr("Diagnosis", "Considered, not supported"))]
        facts += [Fact(FactKind.FACT, _name(each), _share(each)) for each in evidence.considered]
    return facts


def _against(has_baseline: bool) -> str:
    if has_baseline:
        return tr("Diagnosis", "No harmonics stand clearly over the baseline spectrum and the noise.")
    return tr("Diagnosis", "No harmonics stand out of the noise; there is no baseline spectrum yet.")


def _supported(found: DefectEvidence, entry: PointEntry, *, has_baseline: bool) -> list[Fact]:
    share, mark = max(0.0, found.rise_db) / FULL_DB, SUPPORT_DB / FULL_DB
    return [
        Fact(FactKind.TITLE, f"{_name(found)}, {entry.place}", _decibel(found.rise_db)),
        Fact(
            FactKind.BAR,
            tr("Diagnosis", "over baseline") if has_baseline else tr("Diagnosis", "over noise"),
            share=share,
            mark=mark,
        ),
        Fact(FactKind.RULE),
        Fact(FactKind.HEADING, tr("Diagnosis", "Evidence")),
        *_figures(found, has_baseline=has_baseline),
    ]


def _figures(found: DefectEvidence, *, has_baseline: bool) -> list[Fact]:
    line = tr(
        "Diagnosis",
        "{name} line found, {order}\u00d7",
        name=LINE_NAMES[found.fault],
        order=number(found.found_order, 2),
    )
    words = QT_TRANSLATE_NOOP("Diagnosis", "{raised} of {searched} harmonics over baseline")
    if not has_baseline:
        words = QT_TRANSLATE_NOOP("Diagnosis", "{raised} of {searched} harmonics over noise")
    harmonics = tr("Diagnosis", words, raised=found.raised_harmonics, searched=found.harmonics_searched)
    facts = [
        Fact(FactKind.FACT, line, f"{number(found.offset_hz, 2, signed=True)} Hz"),
        Fact(FactKind.FACT, harmonics, _decibel(found.rise_db)),
        Fact(FactKind.FACT, tr("Diagnosis", "Line in the envelope"), f"{significant(found.amplitude, 3)} g"),
    ]
    if found.times_baseline is not None:
        times = tr("Diagnosis", "{times} times", times=number(found.times_baseline, 1))
        if found.times_baseline > MOST_TIMES:
            times = tr("Diagnosis", "over {times} times", times=number(MOST_TIMES, 0))
        facts.append(Fact(FactKind.FACT, tr("Diagnosis", "Line over its baseline"), times))
    if found.sidebands_db is not None:
        facts.append(
            Fact(FactKind.FACT, tr("Diagnosis", "Sidebands at 1\u00d7"), _decibel(found.sidebands_db))
        )
    return facts


def _share(found: DefectEvidence) -> str:
    return tr(
        "Diagnosis",
        "{raised} of {searched} harmonics",
        raised=found.raised_harmonics,
        searched=found.harmonics_searched,
    )


def _name(found: DefectEvidence) -> str:
    return tr("Diagnosis", _DEFECTS[found.fault])


def _decibel(level: float) -> str:
    return f"{number(level, 0 if abs(level) >= 10 else 1, signed=True)} dB"


def severity_facts(
    severity: SeverityTable, entry: PointEntry, readings: Readings, motion: Motion
) -> list[Fact]:
    """Return the severity zone of the point with standard and edition, or why there is none."""
    heading = Fact(FactKind.HEADING, tr("Diagnosis", "Vibration severity"))
    if motion.is_running is not True:
        key = "health_no_state" if motion.is_running is None else "health_not_running"
        return [heading, Fact(FactKind.NOTE, tr("Diagnosis", "No zone: {why}", why=refusal(key)))]
    tag = entry.features.get(Feature.VELOCITY_RMS)
    value = None if tag is None else readings.number(tag.key)
    verdict = severity.verdict(
        float("nan") if value is None else value,
        unit_code="" if tag is None else tag.unit,
        group=entry.asset.machine_group or entry.machine.machine_group,
        support=entry.asset.support or entry.machine.support,
        speed_rpm=motion.speed_rpm,
    )
    return [heading, *_zone(verdict, value)]


def _zone(verdict: ZoneVerdict, value: float | None) -> list[Fact]:
    if verdict.zone is None or verdict.boundaries is None or value is None:
        return [Fact(FactKind.NOTE, tr("Diagnosis", "No zone: {why}", why=refusal(verdict.refusal)))]
    limits, origin = verdict.boundaries, verdict.boundaries.provenance
    bounds = " / ".join(number(each, 1 if each >= 1 else 2) for each in (limits.ab, limits.bc, limits.cd))
    source = f"{origin.source}:{origin.edition}, {origin.table}".rstrip(", ")
    zone = tr("Diagnosis", "Zone {zone}", zone=verdict.zone.value)
    return [
        Fact(FactKind.FACT, zone, f"{number(value, 2)} mm/s"),
        Fact(
            FactKind.NOTE, tr("Diagnosis", "{source}; A/B/C/D at {bounds} mm/s", source=source, bounds=bounds)
        ),
    ]
