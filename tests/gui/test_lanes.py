"""Threads and the window: late results, floods of events, references, and slots that outlive nobody."""

import gc
import re
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from ui.bridge import CAPACITY, EventBridge
from ui.context import Context
from ui.navigation import Address
from ui.refresh import Rate, RefreshClock
from ui.screen_stack import ScreenStack
from ui.tasks import Scope, Tasks


class Reader(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.results: list[object] = []

    def take(self, result: object) -> None:
        self.results.append(result)


@pytest.fixture
def tasks(qapp):
    made = Tasks()
    yield made
    assert made.close()


def test_results_and_errors_come_back_in_the_main_thread(tasks: Tasks, qtbot) -> None:
    reader = Reader()
    qtbot.addWidget(reader)
    tasks.run(threading.get_ident, done=reader.take)
    tasks.run(lambda: 1 / 0, failed=reader.take)
    qtbot.waitUntil(lambda: len(reader.results) == 2, timeout=3000)
    assert reader.results[0] != threading.get_ident()
    assert isinstance(reader.results[1], ZeroDivisionError)


def test_f55_a_late_result_of_a_closed_window_is_ignored(tasks: Tasks, qtbot) -> None:
    gone, kept, gate = Reader(), Reader(), threading.Event()
    qtbot.addWidget(kept)
    tasks.run(lambda: gate.wait(5), done=gone.take)
    results = gone.results
    gone.deleteLater()
    QCoreApplication.sendPostedEvents(None, 52)
    QApplication.processEvents()
    gate.set()
    tasks.run(lambda: "later", done=kept.take)
    qtbot.waitUntil(lambda: kept.results == ["later"], timeout=3000)
    assert results == []
    assert tasks.pending == 0


def test_f55_what_a_screen_waits_for_ends_with_it(tasks: Tasks, qtbot) -> None:
    """Its objects may live on as garbage; only what outlives the window is told still."""
    answers: list[str] = []

    def take(answer: str) -> None:
        answers.append(answer)

    gate, screen = threading.Event(), Scope(tasks)
    screen.run(lambda: gate.wait(5), done=lambda _: answers.append("late"))
    screen.run(lambda: 1 / 0, failed=lambda _: answers.append("late error"))
    screen.run(lambda: "kept", done=take, outlives_window=True)
    screen.close()
    gate.set()
    screen.run(lambda: "asked after the end", done=take)
    screen.run(lambda: "kept at the end", done=take, outlives_window=True)
    tasks.run(lambda: "another screen", done=take)
    qtbot.waitUntil(lambda: "another screen" in answers, timeout=3000)
    assert answers == ["kept", "kept at the end", "another screen"]
    assert tasks.pending == 0


class Slow:
    """A screen that draws its answer."""

    def __init__(self, context: Context) -> None:
        self.view = QLabel("waits")
        self._context = context

    def open(self, argument: str) -> None:
        self._context.tasks.run(lambda: argument, done=self.take)

    def take(self, answer: str) -> None:
        self.view.setText(answer)

    def on_shown(self) -> None: ...

    def on_hidden(self) -> None: ...

    def renew(self) -> None: ...

    def close(self) -> None: ...


def test_f55_an_answer_does_not_reach_a_screen_that_was_built_anew(tasks: Tasks, qtbot) -> None:
    stack, gate, made = ScreenStack(), threading.Event(), list[Slow]()
    qtbot.addWidget(stack)

    def make(context: Context) -> Slow:
        made.append(Slow(context))
        return made[-1]

    stack.set_factories({"trends": make})
    context = Context(Clock(), tasks, *[None] * 7)  # type: ignore[arg-type, misc]
    tasks.run(gate.wait)
    stack.open(Address("trends", "old"), context)
    stack.rebuild()
    QCoreApplication.sendPostedEvents(None, 52)
    stack.open(Address("trends", "new"), context)
    gate.set()
    qtbot.waitUntil(lambda: made[-1].view.text() == "new", timeout=3000)
    assert len(made) == 2
    assert tasks.pending == 0


def test_cancelled_work_never_reports(tasks: Tasks, qtbot) -> None:
    reader = Reader()
    qtbot.addWidget(reader)
    gate = threading.Event()
    ticket = tasks.run(lambda: gate.wait(5), done=reader.take)
    ticket.cancel()
    gate.set()
    tasks.run(lambda: "next", done=reader.take)
    qtbot.waitUntil(lambda: reader.results == ["next"], timeout=3000)


def test_a_flood_of_events_is_one_signal_a_drain(qapp, qtbot) -> None:
    bridge = EventBridge()
    heard: list[tuple[object, ...]] = []
    bridge.delivered.connect(heard.append)
    flood = threading.Thread(target=lambda: [bridge.publish(n) for n in range(CAPACITY + 5)])
    flood.start()
    flood.join()
    bridge.close()
    bridge.drain()
    assert sum(len(part) for part in heard) == CAPACITY
    assert bridge.lost == 5


class Clock:
    def now_us(self) -> int:
        return 7

    def monotonic_s(self) -> float:
        return 0.0


def test_hidden_and_deleted_widgets_are_not_drawn(qapp, qtbot, caplog) -> None:
    clock = RefreshClock(Clock())
    shown, hidden, dead = QLabel("a"), QLabel("b"), QLabel("c")
    qtbot.addWidget(shown)
    qtbot.addWidget(hidden)
    shown.show()
    drawn: list[str] = []
    clock.add(shown, lambda now: drawn.append("shown"), Rate.SPECTRA)
    clock.add(hidden, lambda now: drawn.append("hidden"), Rate.SPECTRA)
    clock.add(dead, lambda now: drawn.append("dead"), Rate.SPECTRA)
    clock.add(shown, lambda now: 1 / 0, Rate.TILES)
    del dead
    gc.collect()
    for _ in range(20):
        clock.tick()
    assert drawn == ["shown"] * 10
    assert "drawing failed" in caplog.text


class Emitter(QObject):
    sent = Signal(bool)

    def hear(self, value: bool) -> None:
        pass


def test_t21_no_reference_drift(qapp) -> None:
    """Emits, connects and event loops must not eat references to True, False and None."""
    emitter = Emitter()
    emitter.sent.connect(emitter.hear)
    singles = (True, False, None)
    for _ in range(5):
        emitter.sent.emit(True)
        QApplication.processEvents()
    before = [sys.getrefcount(each) for each in singles]
    for _ in range(50):
        emitter.sent.emit(True)
        emitter.sent.emit(False)
        QApplication.processEvents()
        emitter.sent.connect(emitter.hear)
        emitter.sent.disconnect(emitter.hear)
        emitter.sent.connect(emitter.hear)
    after = [sys.getrefcount(each) for each in singles]
    assert all(a - b >= -2 for a, b in zip(after, before, strict=True))


def test_no_lambda_is_ever_connected() -> None:
    """A lambda slot keeps its widget alive, or outlives it."""
    found = [
        str(path)
        for path in (Path(__file__).parents[2] / "ui").rglob("*.py")
        if re.search(r"connect\(\s*(lambda|functools\.partial|partial\()", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_colour_is_written_outside_the_theme() -> None:
    folder = Path(__file__).parents[2] / "ui"
    found = [
        path.name
        for path in folder.rglob("*.py")
        if path.name != "theme.py" and re.search(r"\"#[0-9A-Fa-f]{6}\"", path.read_text(encoding="utf-8"))
    ]
    assert found in ([], ["raster_curve.py"]), "a curve is black until its pen is set"
