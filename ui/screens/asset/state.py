"""What the asset screen shows, as ready values."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.plant.assets import Asset, MachineState
from domain.ports import TrendColumns
from ui.formatting import Presentation
from ui.screens.event_panel import TimelineRow
from ui.screens.figures import Figure
from ui.screens.zones import ZoneWords
from ui.widgets.plot_layers import EventMark
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.reason_bars import ReasonBar
from ui.widgets.spark import Spark


@dataclass(frozen=True, slots=True)
class FigureState:
    """One figure as it stands now."""

    figure: Figure
    value: float | None
    shown: Presentation
    symbol: SymbolState | None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit with where it comes from."""

    id: str
    figure: str
    word: str
    value: Presentation
    priority: str
    origin: str
    table: str


@dataclass(frozen=True, slots=True)
class AssetState:
    """One machine, now."""

    machine: Asset
    description: str
    symbol: SymbolState | None
    state: MachineState
    score: float | None
    refusal: str
    zone: ZoneWords
    speed: Presentation | None
    cards: tuple[FigureState, ...]
    panes: tuple[FigureState, ...]
    reasons: tuple[ReasonBar, ...]
    limits: tuple[LimitRow, ...]


@dataclass(frozen=True, slots=True)
class AssetDay:
    """The last 24 hours of every card by tag key, and the health of two weeks."""

    machine_id: UUID
    curves: Mapping[int, NDArray[np.float64]]
    health: Spark | None


@dataclass(frozen=True, slots=True)
class AssetStack:
    """The trend stack over one span with its events."""

    machine_id: UUID
    span: str
    columns: tuple[TrendColumns, ...]
    marks: tuple[tuple[int, EventMark], ...]
    events: tuple[TimelineRow, ...]


@dataclass(frozen=True, slots=True)
class BranchState:
    """One line of the plant tree: a line, a machine or a point of the machine shown."""

    id: UUID
    parent_id: UUID | None
    kind: str
    name: str
    figure: str
    symbol: SymbolState | None
    tip: str = ""
