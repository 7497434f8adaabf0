"""Alarms and their journal in the operator's words, the same on every screen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import ANNUNCIATED, AlarmEvent, AlarmRule, AlarmState, Priority
from domain.errors import NotFound
from domain.plant.plant import Plant
from services.alarming import AlarmTransition, AlarmView
from ui.formatting import UNKNOWN_VALUE, Presentation, present
from ui.text import QT_TRANSLATE_NOOP, alarm_message, plain, tr
from ui.widgets.priority_symbol import SymbolState

_EVENTS = {
    AlarmEvent.CONDITION_TRUE.value: QT_TRANSLATE_NOOP("Journal", "raised"),
    AlarmEvent.CONDITION_FALSE.value: QT_TRANSLATE_NOOP("Journal", "cleared"),
    AlarmEvent.ACKNOWLEDGE.value: QT_TRANSLATE_NOOP("Journal", "acknowledged"),
    AlarmEvent.RE_ALARM.value: QT_TRANSLATE_NOOP("Journal", "raised again"),
    AlarmEvent.RESET.value: QT_TRANSLATE_NOOP("Journal", "reset"),
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """One journal entry ready to show; ``is_new_alarm`` for transitions into "unacknowledged"."""

    id: int
    alarm_id: UUID
    asset_id: UUID
    tag_key: int | None
    at_us: int
    symbol: SymbolState
    place: str
    code: str
    message: str
    what: str
    by: str
    value: Presentation
    note: str
    is_new_alarm: bool


def symbol_of(view: AlarmView) -> SymbolState:
    """Return the symbol of an alarm as it stands."""
    return SymbolState(view.priority, view.alarm.state, view.alarm.overlay)


def place_of(plant: Plant, rule: AlarmRule) -> str:
    """Return "L2 / FILLER FL2"; a link reads as its name."""
    if rule.connection_id is not None:
        return next((each.name for each in plant.connections if each.id == rule.connection_id), "")
    try:
        machine = plant.machine_of(rule.asset_id)
        line = next((each for each in plant.path(machine.id).assets if each in plant.lines), None)
    except NotFound:
        return ""
    return (f"{line.code} / {machine.name}" if line is not None else machine.name).upper()


def code_of(plant: Plant, rule: AlarmRule) -> str:
    """Return the code of the machine, such as "FL2"; nothing for a link."""
    try:
        return plant.machine_of(rule.asset_id).code if rule.connection_id is None else ""
    except NotFound:
        return ""


def message_of(plant: Plant, rule: AlarmRule) -> str:
    """Return thing plus deviation."""
    if rule.connection_id is not None:
        return alarm_message(rule.message_key, label=place_of(plant, rule))
    try:
        label = plant.tag(rule.tag_key).label if rule.tag_key is not None else ""
    except NotFound:
        label = ""
    return alarm_message(rule.message_key, label=label)


def worst_symbols(views: Iterable[AlarmView], plant: Plant) -> dict[UUID, SymbolState]:
    """Return the worst alarm of each machine: by priority, unacknowledged before acknowledged."""
    found: dict[UUID, SymbolState] = {}
    for view in sorted(views, key=_severity):
        found.setdefault(plant.machine_of(view.rule.asset_id).id, symbol_of(view))
    return found


def tag_symbols(views: Iterable[AlarmView]) -> dict[int, SymbolState]:
    """Return the worst alarm of each tag."""
    found: dict[int, SymbolState] = {}
    for view in sorted(views, key=_severity):
        if view.rule.tag_key is not None:
            found.setdefault(view.rule.tag_key, symbol_of(view))
    return found


def _severity(view: AlarmView) -> tuple[Priority, bool]:
    return view.priority, view.alarm.state not in ANNUNCIATED


def event_rows(
    transitions: Iterable[AlarmTransition], plant: Plant, rules: Mapping[UUID, AlarmRule]
) -> tuple[EventRow, ...]:
    """Return the journal in words; entries of rules that are gone are left out."""
    return tuple(_event(each, plant, rules[each.rule_id]) for each in transitions if each.rule_id in rules)


def _event(entry: AlarmTransition, plant: Plant, rule: AlarmRule) -> EventRow:
    what = tr("Journal", _EVENTS[entry.event]) if entry.event in _EVENTS else plain(entry.event).lower()
    unit = rule.limit.unit if rule.limit is not None else ""
    shown = UNKNOWN_VALUE
    if rule.tag_key is None or entry.value is None:
        shown = Presentation("")
    else:
        shown = present(entry.value, unit=unit, digits=_digits(plant, rule.tag_key))
    return EventRow(
        entry.id, entry.alarm_id, rule.asset_id, rule.tag_key, entry.at_us,
        # Past entries never flash: the ring tells the priority, the word what happened.
        SymbolState(rule.priority, AlarmState.ACKNOWLEDGED),
        place_of(plant, rule), code_of(plant, rule), message_of(plant, rule), what,
        "" if entry.by == "collector" else entry.by, shown, entry.note,
        entry.state_to is AlarmState.UNACKNOWLEDGED,
    )  # fmt: skip


def _digits(plant: Plant, tag_key: int) -> int:
    try:
        return plant.tag(tag_key).digits
    except NotFound:
        return 2
