"""The frame of the window: navigation, keys, counters, strip, search, help, errors and the way out."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from domain.condition.alarms import AlarmState, Priority
from domain.errors import NotPermitted
from ui.alarm_strip import response_words
from ui.app import ControlRoom
from ui.formatting import present
from ui.search import SearchHit
from ui.shell_state import Count, LinkSummary, ShellState, StripAlarm
from ui.theme import DAY, NIGHT, Theme, Tokens
from ui.top_bar import link_words
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.priority_symbol import SymbolState

NOW_US = 1_794_476_718_000_000


class FixedClock:
    def now_us(self) -> int:
        return NOW_US

    def monotonic_s(self) -> float:
        return 0.0


def alarm(
    priority: Priority, state: AlarmState, place: str, message: str, value: float, unit: str
) -> StripAlarm:
    return StripAlarm(
        uuid4(),
        SymbolState(priority, state),
        NOW_US - 191_000_000 * int(priority),
        place,
        message,
        present(value, unit=unit, digits=2),
        present(value * 0.97, unit=unit, digits=2),
        1800.0 * int(priority),
        "asset/filler",
    )


class Source:
    def __init__(self) -> None:
        self.acknowledged: list[UUID] = []
        self.error: Exception | None = None
        self.shown = ShellState(
            counts={p: Count(int(p), 1) for p in Priority},
            strip=(
                alarm(
                    Priority.CRITICAL,
                    AlarmState.UNACKNOWLEDGED,
                    "LINE 2 / FILLER FL2",
                    "Main motor DE bearing: outer-race band above limit",
                    3.06,
                    "g",
                ),
                alarm(
                    Priority.HIGH,
                    AlarmState.UNACKNOWLEDGED,
                    "LINE 1 / PUMP P-103",
                    "Product pump: discharge pressure low",
                    2.1,
                    "bar",
                ),
                alarm(
                    Priority.MEDIUM,
                    AlarmState.ACKNOWLEDGED,
                    "LINE 3 / PACKER PK3",
                    "Case cycle longer than takt",
                    1.86,
                    "s",
                ),
            ),
            new_in_10_min=4,
            links=LinkSummary(3, 3, True),
            is_simulated=True,
            site="Bottling plant North",
            user="Shift B",
            role="Operator",
        )

    def state(self) -> ShellState:
        return self.shown

    def acknowledge(self, alarm_ids, *, failed) -> None:
        if self.error is not None:
            failed(self.error)
        self.acknowledged.extend(alarm_ids)


class PlainScreen:
    made = 0

    def __init__(self, context, words: str, *, acts: bool = False) -> None:
        type(self).made += 1
        self.view = QWidget()
        column = QVBoxLayout(self.view)
        column.setContentsMargins(0, 0, 0, 0)
        panel = Panel(words, "context")
        panel.body.addWidget(EmptyState("Nothing here yet.", why="This is a test.", act="Do it"))
        column.addWidget(panel)
        self.help_page, self.words, self._acts = words.lower(), words, acts
        self.opened: list[str] = []
        self.heard: list[str] = []
        self.drawn = 0

    @property
    def breadcrumb(self):
        return [(self.words, self.words.lower())]

    def open(self, argument: str) -> None:
        self.opened.append(argument)

    def refresh(self, now_us: int) -> None:
        self.drawn += 1

    def on_shown(self) -> None:
        self.heard.append("shown")

    def on_hidden(self) -> None:
        self.heard.append("hidden")

    def act(self, name: str) -> bool:
        self.heard.append(name)
        return self._acts

    def renew(self) -> None:
        self.heard.append("renewed")

    def close(self) -> None:
        self.heard.append("closed")


class Assets:
    def find(self, words: str, *, limit: int):
        return [SearchHit("Filler FL2", "machine, Line 2", "asset", "asset/filler")] if "fil" in words else []


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def room(qapp, qtbot, theme: Theme, source: Source):
    made = ControlRoom(qapp, clock=FixedClock())
    made.net.uninstall()
    qtbot.addWidget(made.window)
    made.show(width=1920, height=1080)
    made.refresh.stop()
    screens = {
        name: (lambda context, words=name: PlainScreen(context, words.capitalize()))
        for name in ("overview", "alarms", "asset", "trends", "analysis")
    }
    made.attach(source=source, events=None, zone="Europe/Berlin", screens=screens, providers=[Assets()])
    yield made
    made.shut_down()


@pytest.mark.parametrize(
    ("within_s", "open_s", "words"),
    [
        (1800, 0, "respond within 30 min, 30 min left"),
        (1800, 42, "respond within 30 min, 29 min left"),
        (1800, 1741, "respond within 30 min, 59 s left"),
        (45, 3, "respond within 45 s, 42 s left"),
        (90, 10, "respond within 90 s, 80 s left"),
        (1800, 1800, "respond within 30 min, overdue"),
        (3600, 300, "respond within 1 h, 55 min left"),
        (9000, 1800, "respond within 2 h 30 min, 2 h left"),
    ],
)
def test_the_strip_tells_the_time_to_respond_and_what_is_left_of_it(
    within_s: float, open_s: float, words: str
) -> None:
    assert response_words(within_s, open_s=open_s) == words


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (LinkSummary(3, 3, is_collecting=True), ("Data live", "3 of 3 links")),
        (LinkSummary(2, 3, is_collecting=True), ("Data missing", "2 of 3 links")),
        (LinkSummary(0, 0, is_collecting=True), ("No data", "no device is set up")),
        (LinkSummary(3, 3, is_collecting=False), ("No data", "collection is stopped")),
    ],
)
def test_data_are_called_live_only_where_some_come(links: LinkSummary, words: tuple[str, str]) -> None:
    assert link_words(links) == words
    assert links.is_whole == (words[0] == "Data live")


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)], ids=["1920", "1366"])
@pytest.mark.parametrize("tokens", [DAY, NIGHT], ids=["day", "night"])
def test_picture(
    room: ControlRoom, theme: Theme, tokens: Tokens, size: tuple[int, int], pictures: Path
) -> None:
    theme.use(tokens)
    room.window.resize(*size)
    for _ in range(3):
        QApplication.processEvents()
    assert (room.window.width(), room.window.height()) == size, "nothing forces the window wider"
    assert room.window.grab().save(str(pictures / f"shell-{tokens.name}-{size[0]}.png"))


def test_number_keys_open_screens_lazily_and_history_leads_back(room: ControlRoom, qtbot) -> None:
    before = PlainScreen.made
    qtbot.keyClick(room.window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert str(room.window.navigator.current) == "trends"
    assert PlainScreen.made == before + 1
    room.window.navigator.go("asset/filler")
    assert room.window.front.opened == ["filler"]
    qtbot.keyClick(room.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert str(room.window.navigator.current) == "trends"
    qtbot.keyClick(room.window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert str(room.window.navigator.current) == "asset/filler"
    assert not room.window.navigator.go("stores")


def test_another_set_up_builds_screens_anew_at_the_same_address(room: ControlRoom) -> None:
    window = room.window
    overview = window.front
    window.navigator.go("asset/filler")
    asset = window.front
    window.context.open_drawer("Detail", QLabel("of the old plant"))
    window.rebuild_screens()
    assert window.front is not asset
    assert window.front.opened == ["filler"]
    assert window.front.heard == ["shown"]
    assert [overview.heard[-1], asset.heard[-1]] == ["closed", "closed"]
    assert not window.drawer.isVisible()
    assert not window.navigator.can_go_forward


def test_new_baselines_reach_screens_without_moving_them(room: ControlRoom) -> None:
    asset = room.window.front
    room.window.renew_screens()
    assert room.window.front is asset
    assert asset.heard == ["shown", "renewed"]
    assert asset.opened == [""]


def test_only_the_visible_screen_is_drawn(room: ControlRoom) -> None:
    overview = room.window.front
    room.window.navigator.go("alarms")
    assert overview.heard == ["shown", "hidden"]
    drawn = overview.drawn
    for _ in range(20):
        room.refresh.tick()
    assert overview.drawn == drawn
    assert room.window.front.drawn >= 2


def test_f9_acknowledges_the_worst_alarm_of_the_strip(room: ControlRoom, source: Source, qtbot) -> None:
    qtbot.keyClick(room.window, Qt.Key.Key_F9)
    assert source.acknowledged == [source.shown.strip[0].id]
    source.error = NotPermitted("viewers may not acknowledge", roles="operator")
    qtbot.keyClick(room.window, Qt.Key.Key_F9)
    assert room.window.message_bar.isVisible()
    assert "operator" in room.window.message_bar.accessibleName()


def test_search_by_keys(room: ControlRoom, qtbot) -> None:
    qtbot.keyClick(room.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    field = room.window._search
    qtbot.keyClicks(field, "fil")
    assert [hit.title for hit in room.window.palette_list.hits][:1] == ["Filler FL2"]
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert str(room.window.navigator.current) == "asset/filler"
    qtbot.keyClicks(field, "night")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert room.window._theme.tokens is NIGHT
    qtbot.keyClicks(field, "zzz")
    assert "Nothing found" in room.window.palette_list.hits[0].title
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert room.window.palette_list.isHidden()


def test_help_of_the_screen_and_all_keys(room: ControlRoom, qtbot, pictures: Path) -> None:
    qtbot.keyClick(room.window, Qt.Key.Key_F1)
    assert room.window.drawer.isVisible()
    assert "One panel per line" in room.window._help.toPlainText()
    qtbot.keyClick(room.window, Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    assert "Ctrl+Shift+D" in room.window._help.toPlainText()
    assert room.window.grab().save(str(pictures / "shell-help.png"))
    qtbot.keyClick(room.window.drawer, Qt.Key.Key_Escape)
    assert room.window.drawer.isHidden()


def test_f6_walks_through_the_panes(room: ControlRoom, qtbot) -> None:
    room.window.activateWindow()
    seen = set()
    for _ in range(4):
        qtbot.keyClick(room.window, Qt.Key.Key_F6)
        now = QApplication.focusWidget()
        panes = (room.window.rail, room.window.strip, room.window.top_bar, room.window._stack)
        seen |= {n for n, pane in enumerate(panes) if now is not None and pane.isAncestorOf(now)}
    assert seen == {0, 1, 2, 3}


def test_every_control_has_a_name(room: ControlRoom) -> None:
    nameless = [
        type(widget).__name__
        for widget in room.window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not widget.accessibleName()
    ]
    assert nameless == []


def test_an_uncaught_error_is_said_calmly(room: ControlRoom, qtbot, caplog) -> None:
    room.net._on_error(ValueError, ValueError("secret detail"), None)
    qtbot.waitUntil(room.window.message_bar.isVisible, timeout=2000)
    assert "secret" not in room.window.message_bar.accessibleName()
    assert "secret detail" in caplog.text


def test_closing_ends_everything_in_order(room: ControlRoom) -> None:
    screen = room.window.front
    room.window.close()
    assert screen.heard[-2:] == ["hidden", "closed"]
    assert not room.tasks._thread.is_alive()
    room.shut_down()


def test_the_first_window_imports_neither_arrays_nor_plots_nor_protocols() -> None:
    code = (
        "import sys; from ui.app import ControlRoom, create_application\n"
        "heavy = {'numpy','pyqtgraph','scipy','asyncua','pymodbus','sqlalchemy','numba'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]", done.stderr
