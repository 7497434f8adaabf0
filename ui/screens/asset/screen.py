"""The asset screen of the shell."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from domain.events import ReportsChanged
from domain.roles import Permission
from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.navigation import room_name
from ui.refresh import Rate
from ui.screens.alarm_words import EventRow
from ui.screens.asset.presenter import AssetPresenter
from ui.screens.asset.state import BranchState
from ui.screens.asset.view import AssetView
from ui.screens.event_panel import TimelineRow
from ui.screens.reporting.desk import ReportingDesk
from ui.screens.screen import Screen
from ui.text import tr
from ui.widgets.notices import NoPlant


class AssetScreen:
    """Connects presenter and view."""

    help_page = "asset"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._context = context
        self.presenter = AssetPresenter(workstation, tasks=context.tasks, failed=context.show_problem)
        self.content = AssetView(context)
        self.view = QWidget()
        self._empty = NoPlant(tr("Asset", "No machine is set up yet."), go=context.go)
        self._pages = QStackedLayout(self.view)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.content)
        self.desk = ReportingDesk(workstation, context, reported=self._reports_changed)
        self._connect()
        context.refresh.add(self.content.stack, self._follow, Rate.TRENDS)

    def _connect(self) -> None:
        view = self.content
        view.tree.opened.connect(self._open_branch)
        view.header.assets_asked.connect(view.open_tree)
        view.header.analysis_asked.connect(self._open_analysis)
        view.header.trends_asked.connect(self._open_trends)
        view.stack.span_chosen.connect(self._choose_span)
        view.header.readings_asked.connect(self._open_readings)
        view.header.observation_asked.connect(self._open_observation)
        view.header.allow_observation(self.desk.presenter.refusal(Permission.OBSERVE))
        view.events.opened.connect(self._open_event)
        self._context.events.delivered.connect(self._on_events)
        view.points.chosen.connect(self._open_figure)

    # ---- the shell's questions

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Return the line and the machine."""
        sheet = self.presenter.sheet
        if sheet is None:
            return ((room_name("asset"), "asset"),)
        return ((sheet.line.name, "overview"), (sheet.machine.name, f"asset/{sheet.machine.id}"))

    def open(self, argument: str) -> None:
        """Show the machine of an address; without one the last, or the worst."""
        now_us = self._context.clock.now_us()
        try:
            wanted = UUID(argument) if argument else None
        except ValueError:
            wanted = None
        before = self.presenter.machine_id
        found = self.presenter.open(wanted, now_us)
        self._pages.setCurrentIndex(1 if found else 0)
        if not found and self.presenter.sheets:
            self._empty.set_words(
                tr("Asset", "This is not in the plant."), tr("Asset", "Choose a machine on the overview.")
            )
        if found and before != self.presenter.machine_id:
            self.content.stack.show_span(self.presenter.span_s, now_us)
            self.refresh(now_us)
            self._highlight()

    def _highlight(self) -> None:
        if self.presenter.machine_id is not None:
            self.content.tree.highlight(self.presenter.machine_id)

    def refresh(self, now_us: int) -> None:
        """Draw what is new."""
        if self._pages.currentIndex() == 0:
            return
        presenter, view = self.presenter, self.content
        presenter.poll(now_us)
        readings = presenter.readings(now_us)
        state = presenter.read(readings)
        if state is None:
            return
        view.header.show_asset(state, presenter.day, begun=self.desk.begun_words(state.machine.id))
        view.tree.show_branches(presenter.branches(readings))
        view.points.show_asset(state, presenter.day)
        view.stack.show_asset(state)
        view.why.show_asset(state)
        view.limits.show_asset(state)
        view.stack.show_stack(presenter.stack)
        view.events.show_events(None if presenter.stack is None else presenter.stack.events)

    def _follow(self, now_us: int) -> None:
        self.content.stack.follow(self.presenter.readings(now_us), now_us)

    def on_shown(self) -> None:
        """Draw at once; keys begin in the tree where it is in view."""
        self.refresh(self._context.clock.now_us())
        if self.content.tree.isVisible():
            self.content.tree.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def on_hidden(self) -> None:
        """Keep what was typed; nothing runs while hidden: polling comes with drawing."""
        self.desk.keeper.keep()

    def act(self, name: str) -> bool:
        """Ctrl+O and Ctrl+R report; nothing here answers to F5, F9 or Ctrl+F."""
        acts = {"observe": self._open_observation, "enter_readings": self._open_readings}
        if name not in acts:
            return False
        acts[name]()
        return True

    def renew(self) -> None:
        """Judge by the new baselines."""
        self.presenter.renew()

    def close(self) -> None:
        """Leave the events; what was begun and not sent is kept."""
        self.desk.keeper.keep()
        self._context.events.delivered.disconnect(self._on_events)

    # ---- what people report

    def _reports_changed(self) -> None:
        self.presenter.reports_changed()
        self.refresh(self._context.clock.now_us())

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(each, ReportsChanged) for each in events):
            self.presenter.reports_changed()

    def _open_readings(self) -> None:
        if self.presenter.sheet is not None:
            self.desk.open_round(self.presenter.sheet.machine)

    def _open_observation(self) -> None:
        sheet = self.presenter.sheet
        if sheet is not None:
            self.desk.open_observation(sheet.machine, sheet.points)

    # ---- what the operator does

    def _open_branch(self, row: BranchState) -> None:
        room = "analysis" if row.kind == "point" else "asset"
        self._context.close_drawer()
        self._context.go(f"{room}/{row.id}")

    def _choose_span(self, span: str) -> None:
        now_us = self._context.clock.now_us()
        self.presenter.show_span(span)
        self.content.stack.show_span(self.presenter.span_s, now_us)
        self.refresh(now_us)

    def _open_analysis(self) -> None:
        points = self.presenter.sheet.points if self.presenter.sheet is not None else ()
        self._context.go(f"analysis/{points[0].id}" if points else "analysis")

    def _open_trends(self) -> None:
        sheet = self.presenter.sheet
        figures = sheet.key_figures((), 3) if sheet is not None else ()
        self._context.go("trends/" + ",".join(str(each.tag.key) for each in figures))

    def _open_figure(self, key: int) -> None:
        """A vibration figure leads to its spectrum, any other to its trend."""
        sheet = self.presenter.sheet
        figure = sheet.by_key.get(key) if sheet is not None else None
        if figure is not None and figure.tag.point_id is not None:
            self._context.go(f"analysis/{figure.tag.point_id}")
        elif figure is not None:
            self._context.go(f"trends/{key}")

    def _open_event(self, row: TimelineRow) -> None:
        sheet = self.presenter.sheet
        if isinstance(row, EventRow):
            self._context.go(f"alarms/{row.alarm_id}")
        elif sheet is not None:
            self.desk.open_report(sheet.machine, row.report)


def make_asset(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the asset screen for a data folder's services."""

    def make(context: Context) -> Screen:
        return AssetScreen(workstation, context)

    return make
