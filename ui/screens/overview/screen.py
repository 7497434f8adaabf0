"""The overview as a screen of the shell."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from domain.plant.plant import Plant
from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.navigation import room_name
from ui.refresh import Rate
from ui.screens.alarm_words import EventRow
from ui.screens.overview.peek import Peek
from ui.screens.overview.presenter import OverviewPresenter
from ui.screens.overview.view import OverviewView
from ui.screens.screen import Screen
from ui.text import tr
from ui.widgets.notices import NoPlant


class OverviewScreen:
    """Connects presenter and view; serves the view at the pace of tables and its curves at theirs."""

    help_page = "overview"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._context = context
        self.presenter = OverviewPresenter(workstation, tasks=context.tasks, failed=context.show_problem)
        plant: Plant = self.presenter.plant
        self.content = OverviewView(context, plant.lines)
        self.view = QWidget()
        self._stack = QStackedLayout(self.view)
        self._stack.addWidget(NoPlant(tr("Overview", "No machine is set up yet."), go=context.go))
        self._stack.addWidget(self.content)
        self._stack.setCurrentIndex(1 if self.presenter.sheets else 0)
        self._peek = Peek(self.content, plant_time=context.plant_time, now_us=context.clock.now_us)
        self._shown: UUID | None = None
        self._connect()
        context.refresh.add(self.content.trend, self._follow, Rate.TRENDS)

    def _connect(self) -> None:
        view = self.content
        view.picked.connect(self._pick)
        view.opened.connect(self._open_asset)
        view.peeked.connect(self._open_peek)
        view.released.connect(self._release)
        view.address_chosen.connect(self._context.go)
        view.asset.open_asked.connect(self._open_shown)
        view.asset.analysis_asked.connect(self._open_analysis)
        view.events.opened.connect(self._open_event)

    # ---- the shell's questions

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Return the overview alone."""
        return ((room_name("overview"), "overview"),)

    def open(self, argument: str) -> None:
        """Show the plant; there is nothing to choose."""

    def refresh(self, now_us: int) -> None:
        """Draw what is new."""
        if not self.presenter.sheets:
            return
        self.presenter.poll(now_us)
        state = self.presenter.read(now_us)
        self.content.show_state(state)
        self.content.events.show_events(self.presenter.events)
        self.content.trend.show_trend(self.presenter.trend)
        machine = state.asset.machine.id if state.asset is not None else None
        if machine != self._shown:
            self._shown = machine
            self.content.highlight(machine)

    def _follow(self, now_us: int) -> None:
        self.content.trend.follow(self.presenter.readings(now_us), now_us)

    def on_shown(self) -> None:
        """Draw at once; keys begin at the machine shown below."""
        self.refresh(self._context.clock.now_us())
        place = self.content.row_place(self._shown) if self._shown is not None else None
        if place is not None:
            place[1].setFocus(Qt.FocusReason.OtherFocusReason)

    def on_hidden(self) -> None:
        """Put the pop-over away."""
        self._peek.put_away()

    def act(self, name: str) -> bool:
        """Nothing here answers to F5, F9 or Ctrl+F."""
        return False

    def renew(self) -> None:
        """Judge by the new baselines."""
        self.presenter.renew()

    def close(self) -> None:
        """Nothing is held beyond the widgets."""

    # ---- what the operator does

    def _pick(self, machine: UUID) -> None:
        self.presenter.chosen = machine
        self._peek.put_away()
        self.refresh(self._context.clock.now_us())

    def _release(self) -> None:
        self.presenter.chosen = None
        self.refresh(self._context.clock.now_us())

    def _open_asset(self, machine: object) -> None:
        self._context.go(f"asset/{machine}")

    def _open_shown(self) -> None:
        if self._shown is not None:
            self._open_asset(self._shown)

    def _open_analysis(self) -> None:
        points = self.presenter.sheets[self._shown].points if self._shown in self.presenter.sheets else ()
        self._context.go(f"analysis/{points[0].id}" if points else "analysis")

    def _open_event(self, row: EventRow) -> None:
        self._context.go(f"alarms/{row.alarm_id}")

    def _open_peek(self, machine: object) -> None:
        if not isinstance(machine, UUID):
            return
        place = self.content.row_place(machine)
        figure = self.presenter.peek(machine, self._peek.show_trend)
        if place is not None and figure is not None:
            at, table = place
            self._peek.open_at(at, self.presenter.sheets[machine].machine.name, figure, table)


def make_overview(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the overview for a data folder's services."""

    def make(context: Context) -> Screen:
        return OverviewScreen(workstation, context)

    return make
