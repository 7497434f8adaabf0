"""The window: top bar, rail, content, alarm strip. Navigation only."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from domain.instants import Clock
from ui.alarm_strip import AlarmStrip
from ui.bridge import EventBridge
from ui.context import Context, ScreenFactory
from ui.formatting import PlantTime
from ui.help import HelpPage
from ui.navigation import RAIL, Address, Navigator
from ui.rail import Rail
from ui.refresh import Rate, RefreshClock
from ui.screen_stack import ScreenStack
from ui.screens.screen import Screen
from ui.search import SearchField, SearchHit, SearchPalette, SearchProvider
from ui.shell_state import ShellSource, ShellState
from ui.shortcuts import SHORTCUTS
from ui.tasks import Tasks
from ui.text import error_words, tr
from ui.theme import application_theme
from ui.top_bar import TopBar
from ui.widgets.drawer import Drawer
from ui.widgets.notices import MessageBar, SimulationBar

NARROW_BELOW = 1600
SMALLEST = (1024, 640)


class ContentArea(QWidget):
    """The ground behind the cards."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.tokens.window)
        painter.end()


class MainWindow(QWidget):
    """One main window. ``attach`` gives it values and screens; until then it says that it connects."""

    closing = Signal()

    def __init__(self, *, clock: Clock, tasks: Tasks, refresh: RefreshClock, events: EventBridge) -> None:
        super().__init__()
        self._theme = application_theme()
        self._clock, self._refresh = clock, refresh
        self._source: ShellSource | None = None
        self._state = ShellState()
        self._plant_time = PlantTime()
        self._help: HelpPage | None = None
        self._build()
        self.context = Context(
            clock=clock,
            tasks=tasks,
            refresh=refresh,
            events=events,
            plant_time=self.plant_time,
            go=self.navigator.go,
            show_problem=self.show_problem,
            open_drawer=self.drawer.open_with,
            close_drawer=self.drawer.close_drawer,
        )
        self._bind_keys()
        refresh.add(self, self._refresh_frame, Rate.TABLES)
        refresh.add(self._stack, self._refresh_screen, Rate.TABLES)

    def _build(self) -> None:
        self.setWindowTitle("Jidoka")
        self.setMinimumSize(*SMALLEST)
        self.resize(1920, 1080)
        self.navigator = Navigator([entry.room for entry in RAIL], parent=self)
        self.navigator.moved.connect(self._show_address)
        self._search = SearchField()
        self.top_bar, self.rail, self.strip = TopBar(self._search), Rail(RAIL), AlarmStrip()
        self.simulation_bar, self.message_bar = SimulationBar(), MessageBar()
        self.simulation_bar.hide()
        self._content, self._stack = ContentArea(), ScreenStack()
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(16, 12, 16, 12)
        inner.addWidget(self.message_bar)
        inner.addWidget(self._stack, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self._content, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for bar in (self.simulation_bar, self.top_bar):
            column.addWidget(bar)
        column.addLayout(middle, 1)
        column.addWidget(self.strip)
        self.drawer = Drawer(self._content)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()
        self.palette_list = SearchPalette(self._search, self)
        self._connect()

    def _connect(self) -> None:
        self.rail.chosen.connect(self.navigator.go)
        self.top_bar.address_chosen.connect(self.navigator.go)
        self.top_bar.alarms_asked.connect(self._go_to_alarms)
        self.strip.list_asked.connect(self._go_to_alarms)
        self.strip.opened.connect(self.navigator.go)
        self.strip.acknowledge_asked.connect(self._acknowledge_strip)
        self.palette_list.chosen.connect(self._take_hit)

    def _bind_keys(self) -> None:
        for each in SHORTCUTS:
            if each.act:
                shortcut = QShortcut(QKeySequence(each.keys), self)
                shortcut.setProperty("act", each.act)
                shortcut.activated.connect(self._on_shortcut)

    # ---- attachment

    def attach(
        self,
        *,
        source: ShellSource,
        zone: str,
        screens: Mapping[str, ScreenFactory],
        providers: Sequence[SearchProvider] = (),
        address: str = "overview",
    ) -> None:
        """Give the window its values, screens and search, and open an address."""
        self._source, self._plant_time = source, PlantTime(zone)
        self._stack.set_factories(screens)
        for provider in providers:
            self.palette_list.add_provider(provider)
        self._refresh_frame(self._clock.now_us())
        self.navigator.go(address)
        if self.front is not None:
            self.front.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def use_zone(self, zone: str) -> None:
        """Show all times of the plant in another zone."""
        self._plant_time = PlantTime(zone)

    def plant_time(self) -> PlantTime:
        """Return the plant's clock."""
        return self._plant_time

    # ---- drawing

    def _refresh_frame(self, now_us: int) -> None:
        self.top_bar.show_time(now_us, self._plant_time)
        if self._source is None:
            return
        self._state = self._source.state()
        self.top_bar.show_state(self._state)
        self.strip.show_state(self._state, now_us=now_us, plant_time=self._plant_time)
        self.simulation_bar.setVisible(self._state.is_simulated)
        self._show_steps()

    def _refresh_screen(self, now_us: int) -> None:
        if self.front is not None:
            self.front.refresh(now_us)

    def _show_steps(self) -> None:
        steps = list(self.front.breadcrumb) if self.front is not None else []
        if self._state.site:
            steps.insert(0, (self._state.site, "overview"))
        self.top_bar.show_steps(steps)

    def show_unavailable(self, words: str, *, why: str) -> None:
        """Say in the place of the screens why there are none."""
        self.drawer.close_drawer()
        self._stack.show_unavailable(words, why=why)

    def show_problem(self, error: BaseException) -> None:
        """Say calmly what failed."""
        self.message_bar.show_message(error_words(error), details=repr(error))

    def end_problem(self, error: BaseException) -> None:
        """Put away what was said of a failure that is over."""
        self.message_bar.end_message(error_words(error))

    # ---- navigation

    def _show_address(self, address: Address) -> None:
        self.drawer.close_drawer()
        screen = self._stack.open(address, self.context)
        if screen is not None:
            self.rail.light(address.room)
            screen.refresh(self._clock.now_us())
        self._show_steps()

    @property
    def front(self) -> Screen | None:
        """The screen in front."""
        return self._stack.front

    def rebuild_screens(self) -> None:
        """Build the screens anew for another set-up; the operator stays where he was."""
        self.drawer.empty()
        self._stack.rebuild()
        address = self.navigator.current
        if address is not None:
            self._show_address(address)

    def renew_screens(self) -> None:
        """Let every screen take the new baselines; nothing moves."""
        self._stack.renew()

    def _go_to_alarms(self) -> None:
        self.navigator.go("alarms")

    def _take_hit(self, hit: SearchHit) -> None:
        if hit.address:
            self.navigator.go(hit.address)
        elif hit.act:
            self.do(hit.act)

    # ---- acts

    def _on_shortcut(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.do(str(sender.property("act")))

    def do(self, act: str) -> None:
        """Do one act of the table of keys."""
        if act.startswith("go_"):
            self.navigator.go(next(e.room for e in RAIL if e.digit == int(act.removeprefix("go_"))))
            return
        match act:
            case "back":
                self.navigator.back()
            case "forward":
                self.navigator.forward()
            case "search":
                self.palette_list.begin()
            case "theme":
                self._theme.toggle()
            case "full_screen":
                self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
            case "help":
                self._open_help(self.front.help_page if self.front else "getting-started")
            case "all_keys":
                self._open_help("keys")
            case "next_pane" | "previous_pane":
                self._cycle_panes(1 if act == "next_pane" else -1)
            case _:
                self._pass_to_screen(act)

    def _pass_to_screen(self, act: str) -> None:
        """Let the screen act; what it leaves of F9 is for the strip."""
        is_in_strip = self.strip.isAncestorOf(QApplication.focusWidget() or self)
        if not is_in_strip and self.front is not None and self.front.act(act):
            return
        if act == "acknowledge":
            self._acknowledge_strip()

    def _acknowledge_strip(self) -> None:
        chosen = self.strip.rows.chosen
        if chosen is not None and chosen.symbol.is_flashing:
            self._acknowledge([chosen.id])

    def _acknowledge(self, ids: Sequence[UUID]) -> None:
        if self._source is not None:
            self._source.acknowledge(ids, failed=self.show_problem)

    def _open_help(self, page: str) -> None:
        if self._help is None:
            self._help = HelpPage()
        self._help.show_page(page)
        self.drawer.open_with(tr("Shell", "Help"), self._help)

    def _cycle_panes(self, step: int) -> None:
        """Move the focus between rail, screen, drawer, strip and search."""
        panes: list[QWidget] = [self.rail, self._stack, self.drawer, self.strip, self.top_bar]
        panes = [pane for pane in panes if pane.isVisible()]
        now = QApplication.focusWidget()
        at = next((n for n, pane in enumerate(panes) if now is not None and pane.isAncestorOf(now)), -step)
        for offset in range(1, len(panes) + 1):
            target = _first_focusable(panes[(at + step * offset) % len(panes)])
            if target is not None:
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    # ---- Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_BELOW
        self.top_bar.set_narrow(narrow)
        self.rail.set_narrow(narrow)
        self.strip.set_narrow(narrow)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and self.front is not None:
            if self.isMinimized():
                self.front.on_hidden()
            else:
                self.front.on_shown()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._refresh.remove(self)
        self._refresh.remove(self._stack)
        self._stack.clear()
        self.closing.emit()
        super().closeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(self.rect()), self._theme.tokens.panel)
        painter.end()


def _first_focusable(pane: QWidget) -> QWidget | None:
    for widget in (pane, *pane.findChildren(QWidget)):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None
