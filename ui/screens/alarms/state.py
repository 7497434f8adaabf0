"""What the alarm screen shows, as ready values."""

from dataclasses import dataclass
from uuid import UUID

from domain.plant.signals import Waveform
from domain.ports import TrendColumns
from ui.formatting import Presentation
from ui.screens.alarm_words import EventRow
from ui.screens.figures import Figure
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.reason_bars import ReasonBar


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One row of the active list, and all that its detail says in words."""

    id: UUID
    asset_id: UUID
    point_id: UUID | None
    symbol: SymbolState
    needs_acknowledgement: bool
    can_be_reset: bool
    ends_group: bool
    state: str
    raised_us: int
    raised: str
    place: str
    path: str
    message: str
    value: Presentation
    limit: Presentation
    unit: str
    lasted_s: int
    lasted: str
    owner: str
    note: str

    @property
    def searched(self) -> str:
        """Everything the filter looks at."""
        return f"{self.state} {self.place} {self.path} {self.message} {self.owner}".casefold()


@dataclass(frozen=True, slots=True)
class AlarmAdvice:
    """What to know and do; empty texts are left out."""

    consequence: str
    likely_cause: str
    response: str
    call: str
    respond_within_s: float | None
    gone_s: float


@dataclass(frozen=True, slots=True)
class AlarmEvidence:
    """What the disk holds of one alarm: its trend and its kept waveform."""

    alarm_id: UUID
    figure: Figure | None
    columns: TrendColumns | None
    waveform: Waveform | None
    raised_us: int


@dataclass(frozen=True, slots=True)
class AlarmStatistics:
    """New alarms per stretch of time, and the alarms that came most often."""

    counts: tuple[int, ...]
    start_us: int
    end_us: int
    frequent: tuple[ReasonBar, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Journal:
    """A piece of the journal; ``is_cut`` when there was more than fits."""

    rows: tuple[EventRow, ...]
    is_cut: bool
