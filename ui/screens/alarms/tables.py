"""Columns of the active list and of the journal."""

from collections.abc import Callable
from uuid import UUID

from ui.formatting import PlantTime, Presentation
from ui.screens.alarm_words import EventRow
from ui.screens.alarms.state import AlarmRow
from ui.text import tr
from ui.widgets.data_table import DataTable
from ui.widgets.table_model import CellKind, Column


def active_table() -> DataTable:
    """Return the table of active alarms."""
    columns = (
        Column("priority", tr("Alarms", "Pri"), _symbol, CellKind.SYMBOL, 52, order=_priority,
               tip=_symbol_words, is_hideable=False),
        Column("state", tr("Alarms", "State"), _state, width=148, order=_rank),
        Column("time", tr("Alarms", "Time"), _raised, width=92, order=_raised_order),
        Column("asset", tr("Alarms", "Asset"), _place, width=196, tip=_path),
        Column("message", tr("Alarms", "Message"), _message, tip=_message_tip, is_hideable=False),
        Column("value", tr("Alarms", "Value"), _value, CellKind.NUMBER, 92, decimals=3, tip=_value_tip,
               is_hideable=False),
        Column("limit", tr("Alarms", "Limit"), _limit, CellKind.NUMBER, 84, decimals=3, is_weak=True),
        Column("unit", tr("Alarms", "Unit"), _unit, width=60, is_weak=True, is_hideable=False),
        Column("duration", tr("Alarms", "Duration"), _lasted, width=92, align_right=True, order=_lasted_s),
        Column("owner", tr("Alarms", "Owner"), _owner, width=112, tip=_note),
    )  # fmt: skip
    return DataTable(
        columns, name=tr("Alarms", "Active alarms"), identity=_id, is_bold=_waits, ends_group=_ends_group
    )


def journal_table(plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> DataTable:
    """Return the table of the journal; times are worded when drawn."""

    def stamp(row: EventRow) -> str:
        return plant_time().stamp(row.at_us, now_us=now_us())

    def tip(row: EventRow) -> str:
        return plant_time().tip(row.at_us)

    columns = (
        Column("time", tr("Alarms", "Time"), stamp, width=150, order=_event_time, tip=tip),
        Column("priority", tr("Alarms", "Pri"), _symbol, CellKind.SYMBOL, 52, order=_priority),
        Column("event", tr("Alarms", "Event"), _what, width=120),
        Column("asset", tr("Alarms", "Asset"), _place, width=196),
        Column("message", tr("Alarms", "Message"), _message, is_hideable=False),
        Column("value", tr("Alarms", "Value"), _value, CellKind.NUMBER, 92, decimals=3),
        Column("unit", tr("Alarms", "Unit"), _event_unit, width=60, is_weak=True),
        Column("by", tr("Alarms", "By"), _by, width=112),
        Column("note", tr("Alarms", "Note"), _note, width=130, tip=_note),
    )
    return DataTable(columns, name=tr("Alarms", "History of alarms"), identity=_id)


def _id(row: AlarmRow | EventRow) -> UUID | int:
    return row.id


def _symbol(row: AlarmRow | EventRow) -> object:
    return row.symbol


def _symbol_words(row: AlarmRow) -> str:
    return row.symbol.words


def _priority(row: AlarmRow | EventRow) -> int:
    return int(row.symbol.priority)


def _state(row: AlarmRow) -> str:
    return row.state


def _rank(row: AlarmRow) -> tuple[bool, str]:
    return not row.needs_acknowledgement, row.state


def _raised(row: AlarmRow) -> str:
    return row.raised


def _raised_order(row: AlarmRow) -> int:
    return row.raised_us


def _place(row: AlarmRow | EventRow) -> str:
    return row.place


def _path(row: AlarmRow) -> str:
    return row.path


def _message(row: AlarmRow | EventRow) -> str:
    return row.message


def _message_tip(row: AlarmRow) -> str:
    return "\n".join(part for part in (row.message, row.path, row.note) if part)


def _value(row: AlarmRow | EventRow) -> Presentation:
    return row.value


def _value_tip(row: AlarmRow) -> str:
    return row.value.tip


def _limit(row: AlarmRow) -> Presentation:
    return row.limit


def _unit(row: AlarmRow) -> str:
    return row.unit


def _lasted(row: AlarmRow) -> str:
    return row.lasted


def _lasted_s(row: AlarmRow) -> int:
    return row.lasted_s


def _owner(row: AlarmRow) -> str:
    return row.owner or "\u2013"


def _note(row: AlarmRow | EventRow) -> str:
    return row.note


def _waits(row: AlarmRow) -> bool:
    return row.needs_acknowledgement


def _ends_group(row: AlarmRow) -> bool:
    return row.ends_group


def _event_time(row: EventRow) -> int:
    return row.at_us


def _what(row: EventRow) -> str:
    return row.what


def _event_unit(row: EventRow) -> str:
    return row.value.unit


def _by(row: EventRow) -> str:
    return row.by
