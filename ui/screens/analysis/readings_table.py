"""All figures of a point against their baselines, with the alarms on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.condition.baseline import RobustBaseline
from domain.plant.tags import Feature, Tag, TagKind
from ui.formatting import Presentation, number, unit_symbol
from ui.screens.analysis.points import PointEntry
from ui.screens.readings import Readings
from ui.text import feature_name, tr
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.table_model import CellKind, Column

ORDER = (
    Feature.VELOCITY_RMS,
    Feature.ORDER_1X,
    Feature.ORDER_2X,
    Feature.OUTER_RACE,
    Feature.INNER_RACE,
    Feature.ROLLING_ELEMENT,
    Feature.CAGE,
    Feature.ENVELOPE_RMS,
    Feature.BEARING_BAND,
    Feature.GEAR_BAND,
    Feature.ACCELERATION_RMS,
    Feature.ACCELERATION_PEAK,
    Feature.CREST_FACTOR,
    Feature.KURTOSIS,
)
NO_CHANGE = Presentation("")


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One figure; ``change`` is against the median of its baseline, empty without one."""

    tag_key: int
    name: str
    value: Presentation
    unit: str
    change: Presentation
    symbol: SymbolState | None
    tip: str


def shown_tags(entry: PointEntry, process: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Return the figures of a point in reading order, then what else is measured on its asset."""
    features = [entry.features[feature] for feature in ORDER if feature in entry.features]
    beside = [tag for tag in process if tag.kind is TagKind.MEASURED and tag.feature is None]
    return (*features, *beside)


def reading_rows(
    tags: tuple[Tag, ...],
    readings: Readings,
    baselines: Mapping[int, RobustBaseline],
    symbols: Mapping[int, SymbolState],
) -> list[ReadingRow]:
    """Return the rows of the table."""
    return [_row(tag, readings, baselines.get(tag.key), symbols.get(tag.key)) for tag in tags]


def _row(
    tag: Tag, readings: Readings, baseline: RobustBaseline | None, symbol: SymbolState | None
) -> ReadingRow:
    value, change, tip = readings.number(tag.key), NO_CHANGE, tr("Analysis", "No baseline yet.")
    if baseline is not None:
        tip = tr(
            "Analysis",
            "Normal {low} to {high} {unit}, median of {count} observations {median}",
            low=number(max(0.0, baseline.lower), tag.digits),
            high=number(baseline.upper, tag.digits),
            unit=unit_symbol(tag.unit),
            count=baseline.count,
            median=number(baseline.median, tag.digits),
        )
        if value is not None:
            words = number(value - baseline.median, tag.digits, signed=True)
            change = Presentation(words, decimals=tag.digits)
    elif tag.normal_low is not None and tag.normal_high is not None:
        tip = tr(
            "Analysis",
            "Normal {low} to {high} {unit}",
            low=number(tag.normal_low, tag.digits),
            high=number(tag.normal_high, tag.digits),
            unit=unit_symbol(tag.unit),
        )
    name = feature_name(tag.feature) if tag.feature is not None else tag.label.rpartition(" ")[2].capitalize()
    if tag.feature is Feature.VELOCITY_RMS:
        name = tr("Analysis", "Overall")
    return ReadingRow(tag.key, name, readings.shown(tag), unit_symbol(tag.unit), change, symbol, tip)


def make_readings_table() -> DataTable:
    """Return the empty table."""
    columns = [
        Column("alarm", "", lambda row: row.symbol, CellKind.SYMBOL, 34, is_hideable=False),
        Column("name", tr("Analysis", "Reading"), lambda row: row.name, tip=_tip, is_hideable=False),
        Column(
            "value", tr("Analysis", "Value"), lambda row: row.value, CellKind.NUMBER, 72, decimals=3, tip=_tip
        ),
        Column("unit", tr("Analysis", "Unit"), lambda row: row.unit, width=52, is_weak=True),
        Column(
            "change",
            tr("Analysis", "Change"),
            lambda row: row.change,
            CellKind.NUMBER,
            72,
            decimals=3,
            tip=_tip,
        ),
    ]
    table = DataTable(
        columns,
        name=tr("Analysis", "Readings against baseline"),
        identity=_identity,
        is_bold=_has_alarm,
        row_height=ROW_COMPACT,
    )
    return table


def _tip(row: ReadingRow) -> str:
    return row.tip


def _identity(row: ReadingRow) -> int:
    return row.tag_key


def _has_alarm(row: ReadingRow) -> bool:
    return row.symbol is not None
