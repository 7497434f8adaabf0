"""What the overview shows, as ready values."""

from dataclasses import dataclass
from uuid import UUID

from domain.plant.assets import Asset, MachineState
from domain.ports import TrendColumns
from ui.formatting import Presentation
from ui.screens.figures import Figure
from ui.screens.zones import ZoneWords
from ui.widgets.plot_layers import EventMark
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.reason_bars import ReasonBar
from ui.widgets.spark import Spark


@dataclass(frozen=True, slots=True)
class MachineRow:
    """One row of a line panel; ``health`` is 0-100 or the calm reason why there is none."""

    id: UUID
    name: str
    symbol: SymbolState | None
    state: MachineState
    health: float | str
    spark: Spark | None
    vibration: str
    tag_keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineState:
    """One line panel; ``context`` words the state and rate of its constraint."""

    line: Asset
    context: str
    rows: tuple[MachineRow, ...]


@dataclass(frozen=True, slots=True)
class TileState:
    """One tile: the figure, what it means today and where it leads."""

    key: str
    title: str
    definition: str
    shown: Presentation
    sentence: str = ""
    spark: Spark | None = None
    symbol: SymbolState | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class BarState:
    """One analog bar."""

    figure: Figure
    value: float | None
    shown: Presentation
    symbol: SymbolState | None


@dataclass(frozen=True, slots=True)
class AssetState:
    """The machine in the lower panel."""

    machine: Asset
    is_worst: bool
    context: str
    symbol: SymbolState | None
    state: MachineState
    score: float | None
    refusal: str
    zone: ZoneWords
    bars: tuple[BarState, ...]
    reasons: tuple[ReasonBar, ...]
    panes: tuple[BarState, ...]


@dataclass(frozen=True, slots=True)
class AssetTrend:
    """The last hours of the machine in the lower panel; events at instants in microseconds."""

    machine_id: UUID
    columns: tuple[TrendColumns, ...]
    events: tuple[tuple[int, EventMark], ...]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One connection; ``tip`` says what to know beyond the words."""

    name: str
    state: str
    age: str
    lost: int
    tip: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class OverviewState:
    """One picture of everything; ``asset`` is None while no machine can be named."""

    lines: tuple[LineState, ...]
    tiles: tuple[TileState, ...]
    asset: AssetState | None
    links: tuple[LinkRow, ...]
    is_live: bool
