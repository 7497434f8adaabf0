"""What people report in the operator's words, the same on every screen."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.condition.evidence import Correction, ManualReading, MissReason, ObservationKind
from domain.errors import ControlRoomError, RuleViolation
from domain.plant.tags import Tag
from services.reports import MissedView, ObservationView, ReadingView, Report
from ui.formatting import PlantTime, age, number, unit_symbol, with_unit
from ui.text import QT_TRANSLATE_NOOP, error_words, tr
from ui.widgets.plot_layers import EventMark

OBSERVATION_ICON, READING_ICON = "observation", "hand"

_KINDS = {
    ObservationKind.NOISE: QT_TRANSLATE_NOOP("Reporting", "Noise"),
    ObservationKind.SMELL: QT_TRANSLATE_NOOP("Reporting", "Smell"),
    ObservationKind.HEAT: QT_TRANSLATE_NOOP("Reporting", "Heat"),
    ObservationKind.VIBRATION: QT_TRANSLATE_NOOP("Reporting", "Vibration"),
    ObservationKind.LEAK: QT_TRANSLATE_NOOP("Reporting", "Leak"),
    ObservationKind.LOOK: QT_TRANSLATE_NOOP("Reporting", "Looks odd"),
    ObservationKind.OTHER: QT_TRANSLATE_NOOP("Reporting", "Other"),
}
_MISSES = {
    MissReason.STOPPED: QT_TRANSLATE_NOOP("Reporting", "Machine stands still"),
    MissReason.NO_ACCESS: QT_TRANSLATE_NOOP("Reporting", "No access"),
    MissReason.NO_INSTRUMENT: QT_TRANSLATE_NOOP("Reporting", "No instrument"),
    MissReason.OTHER: QT_TRANSLATE_NOOP("Reporting", "Other reason"),
}


@dataclass(frozen=True, slots=True)
class ReportRow:
    """Something people reported, as a row beside alarms; ``symbol`` names an icon, ``what`` its author."""

    report: Report
    symbol: str
    message: str
    what: str
    note: str

    @property
    def id(self) -> UUID:
        return self.report.id

    @property
    def at_us(self) -> int:
        return self.report.at_us

    @property
    def by(self) -> str:
        return self.what


def kind_name(kind: ObservationKind) -> str:
    """Return the word of a kind of observation."""
    return tr("Reporting", _KINDS[kind])


def miss_name(reason: MissReason) -> str:
    """Return why a value could not be read."""
    return tr("Reporting", _MISSES[reason])


def report_rows(reports: Iterable[Report]) -> tuple[ReportRow, ...]:
    """Return reports as rows of a list of events."""
    return tuple(_row(each) for each in reports)


def _row(report: Report) -> ReportRow:
    if isinstance(report, ObservationView):
        seen = report.observation
        note = "" if report.point is None else report.point.name
        return ReportRow(report, OBSERVATION_ICON, observation_words(report), seen.author, note)
    if isinstance(report, MissedView):
        missed = report.missed
        words = tr("Reporting", "{label} not measured: {why}", label=report.tag.label, why=_why(report))
        return ReportRow(report, READING_ICON, words, missed.author, missed.note)
    reading = report.reading
    value = with_unit(reading.value, digits=report.tag.digits, unit=report.tag.unit)
    words = f"{report.tag.label} {value}"
    if report.is_corrected:
        words = tr("Reporting", "{reading}, corrected", reading=words)
    return ReportRow(report, READING_ICON, words, reading.author, reading.note)


def observation_words(view: ObservationView) -> str:
    """Return "Noise: grinding", or "Noise, motor DE" where nothing more was said."""
    seen = view.observation
    if seen.text:
        return f"{kind_name(seen.kind)}: {' '.join(seen.text.split())}"
    return f"{kind_name(seen.kind)}, {view.point.name}" if view.point is not None else kind_name(seen.kind)


def _why(view: MissedView) -> str:
    missed = view.missed
    if missed.reason is MissReason.OTHER:
        return missed.note
    return miss_name(missed.reason).lower()


def report_marks(rows: Iterable[ReportRow]) -> tuple[tuple[int, EventMark], ...]:
    """Return observations as marks on the time axis; readings are curves of their own."""
    seen = (each for each in rows if each.symbol == OBSERVATION_ICON)
    return tuple((each.at_us, EventMark(0.0, each.symbol)) for each in seen)


def last_words(last: ManualReading | None, tag: Tag, *, now_us: int) -> str:
    """Return "last 8.5 A, 3 h ago, Otto"."""
    if last is None:
        return tr("Reporting", "never read")
    return tr(
        "Reporting",
        "last {value}, {age} ago, {who}",
        value=with_unit(last.value, digits=tag.digits, unit=tag.unit),
        age=age((now_us - last.taken_us) / 1e6),
        who=last.author,
    )


def usual_words(tag: Tag) -> str:
    """Return "usual 2.0 to 10.0 A"; empty without a normal band."""
    low, high = tag.normal_low, tag.normal_high
    if low is None and high is None:
        return ""
    unit = unit_symbol(tag.unit)
    if low is None or high is None:
        side = tr("Reporting", "usual up to {high} {unit}") if low is None else tr(
            "Reporting", "usual from {low} {unit}"
        )  # fmt: skip
    else:
        side = tr("Reporting", "usual {low} to {high} {unit}")
    return side.format(low=_figure(low, tag), high=_figure(high, tag), unit=unit).strip()


def _figure(value: float | None, tag: Tag) -> str:
    return "" if value is None else number(value, tag.digits)


def refusal_words(error: ControlRoomError, tag: Tag) -> str:
    """Return at a field why its value is refused."""
    if isinstance(error, RuleViolation) and error.key == "reading_implausible":
        return _implausible(tag)
    return error_words(error)


def _implausible(tag: Tag) -> str:
    unit = unit_symbol(tag.unit)
    if tag.low is not None and tag.high is not None:
        return tr(
            "Reporting", "Not plausible: it must lie between {low} and {high} {unit}.",
            low=_figure(tag.low, tag), high=_figure(tag.high, tag), unit=unit,
        )  # fmt: skip
    if tag.low is not None:
        return tr("Reporting", "Not plausible: at least {low} {unit}.", low=_figure(tag.low, tag), unit=unit)
    return tr("Reporting", "Not plausible: at most {high} {unit}.", high=_figure(tag.high, tag), unit=unit)


def author_words(view: ReadingView | MissedView) -> str:
    """Return who read a value or tried to; a corrected one says so."""
    if isinstance(view, MissedView):
        return view.missed.author
    if view.is_corrected:
        return tr("Reporting", "{who}, corrected", who=view.reading.author)
    return view.reading.author


def past_lines(view: ReadingView | MissedView, plant_time: PlantTime, *, now_us: int) -> list[str]:
    """Return what there is to tell of a reading: who and when, the note, and every correction."""
    if isinstance(view, MissedView):
        head = tr("Reporting", "Not measured: {why}", why=_why(view))
        return [line for line in (f"{head}. {view.missed.author}", _extra_note(view)) if line]
    reading, tag = view.reading, view.tag
    value = with_unit(reading.value, digits=tag.digits, unit=tag.unit)
    stamp = plant_time.brief(reading.taken_us, now_us=now_us)
    lines = [f"{value}, {reading.author}, {stamp}", reading.note]
    if view.warnings:
        lines.append(tr("Reporting", "Outside what is usual."))
    lines += [
        _correction(each, tag, plant_time.brief(each.at_us, now_us=now_us)) for each in view.corrections
    ]
    if not view.is_in_history:
        lines.append(tr("Reporting", "Stored; trends show it as soon as the collector runs."))
    return [line for line in lines if line]


def _extra_note(view: MissedView) -> str:
    return "" if view.missed.reason is MissReason.OTHER else view.missed.note


def _correction(correction: Correction, tag: Tag, stamp: str) -> str:
    return tr(
        "Reporting", "Corrected by {who}, {stamp}: {before} \u2192 {after}. Reason: {reason}",
        who=correction.by, stamp=stamp, before=number(correction.before, tag.digits),
        after=with_unit(correction.after, digits=tag.digits, unit=tag.unit), reason=correction.reason,
    )  # fmt: skip
