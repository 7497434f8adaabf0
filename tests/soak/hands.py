"""``hands [--acts N] [--seed N] [--data-dir DIR]``: the window in the hands of somebody who tries everything.

The demo runs with its collector; in the real window keys, clicks, words and addresses follow by chance.
Nothing may be raised or complained of, the window must stay open, and no act may hold it for a second.
"""

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QAction, QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QMenu, QScrollBar, QWidget

from services.clock import SystemClock
from tests.soak.demo_run import DemoRun
from ui.app import create_application
from ui.control_room import ROOMS, WindowSession
from ui.screens.setup.tabs import TABS

LONGEST_ACT_S = 1.0
ATTACH_S = 60.0
SIZES = ((1366, 768), (1920, 1080), (1024, 700))
WORDS = ("abc", "12.5", "-3", "40001", "<b>", "1e9", "99999999999999999999", "filler", "")
PLAIN_KEYS = tuple(
    "Escape Return Tab Down Up Left Right F1 F5 F9 Space H S L O P B C Home End Delete 5".split()
)
CONTROL_KEYS = tuple("1 2 3 4 5 0 K F Z Y E R O N T Return I".split())
HARMLESS = ("This plugin does not support", "occurs outside target window")
"""What the offscreen platform says of itself."""


class Witness(logging.Handler):
    """Keeps what was raised or complained of, with the acts before it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.acts: list[str] = []
        self.complaints: list[dict[str, Any]] = []

    @property
    def last(self) -> str:
        """The newest act."""
        return self.acts[-1] if self.acts else ""

    def start(self) -> None:
        """Listen to logs, uncaught exceptions and Qt."""
        logging.getLogger().addHandler(self)
        sys.excepthook = self._raised
        qInstallMessageHandler(self._said)

    def emit(self, record: logging.LogRecord) -> None:
        self._note(self.format(record))

    def _raised(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._note("".join(logging.Formatter().formatException((kind, error, trace))))

    def _said(self, _: QtMsgType, __: object, words: str) -> None:
        self._note(words)

    def _note(self, words: str) -> None:
        if not any(each in words for each in HARMLESS):
            self.complaints.append({"said": words, "after": self.acts[-5:]})


class Hands:
    """Does one thing after the other with a window, the same for the same seed."""

    def __init__(self, session: WindowSession, witness: Witness, *, seed: int) -> None:
        self._window = session.room.window
        self._chance = random.Random(seed)
        self._acts = witness.acts
        self._addresses = [*ROOMS, *(entry.address for entry in TABS), "setup/connections/new"]

    def act(self) -> None:
        """Do something: mostly clicks and keys, now and then words, an address or another size."""
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog):
                dialog.close()
        menu = QApplication.activePopupWidget()
        if isinstance(menu, QMenu):
            self._choose(menu)
            return
        kinds: Sequence[Callable[[], None]] = (self._click, self._key, self._type, self._go, self._resize)
        (kind,) = self._chance.choices(kinds, weights=(54, 30, 6, 6, 2))
        kind()

    def _choose(self, menu: QMenu) -> None:
        actions = [each for each in menu.actions() if each.isEnabled() and not each.isSeparator()]
        if actions and self._chance.random() < 0.7:
            chosen: QAction = self._chance.choice(actions)
            self._acts.append(f"choose {chosen.text()}")
            chosen.trigger()
        menu.close()

    def _click(self) -> None:
        targets = [each for each in self._window.findChildren(QWidget) if self._is_target(each)]
        if not targets:
            return
        target = self._chance.choice(targets)
        place = QPoint(self._chance.randrange(target.width()), self._chance.randrange(target.height()))
        self._acts.append(f"click {type(target).__name__} '{target.accessibleName()}' at {place.toTuple()}")
        click = QTest.mouseDClick if self._chance.random() < 0.15 else QTest.mouseClick
        is_right = self._chance.random() < 0.1 and not isinstance(target, QScrollBar)  # its menu blocks
        button = Qt.MouseButton.RightButton if is_right else Qt.MouseButton.LeftButton
        click(self._window.windowHandle(), button, self._modifier(), target.mapTo(self._window, place))

    def _is_target(self, widget: QWidget) -> bool:
        if not (widget.isVisible() and widget.isEnabled() and widget.width() > 4 and widget.height() > 4):
            return False
        takes_clicks = isinstance(widget, QAbstractButton) or bool(
            widget.focusPolicy() & Qt.FocusPolicy.ClickFocus
        )
        return takes_clicks or self._chance.random() < 0.1

    def _key(self) -> None:
        with_control = self._chance.random() < 0.25
        name = self._chance.choice(CONTROL_KEYS if with_control else PLAIN_KEYS)
        modifier = Qt.KeyboardModifier.ControlModifier if with_control else self._modifier()
        self._acts.append(f"key {'Ctrl+' if with_control else ''}{name}")
        QTest.keyClick(self._focus(), Qt.Key[f"Key_{name}"], modifier)

    def _type(self) -> None:
        words = self._chance.choice(WORDS)
        self._acts.append(f"type {words}")
        QTest.keyClicks(self._focus(), words)

    def _go(self) -> None:
        address = self._chance.choice(self._addresses)
        self._acts.append(f"go {address}")
        self._window.navigator.go(address)

    def _resize(self) -> None:
        size = self._chance.choice(SIZES)
        self._acts.append(f"size {size}")
        self._window.resize(*size)

    def _focus(self) -> QWidget:
        return QApplication.focusWidget() or self._window

    def _modifier(self) -> Qt.KeyboardModifier:
        is_shifted = self._chance.random() < 0.15
        return Qt.KeyboardModifier.ShiftModifier if is_shifted else Qt.KeyboardModifier.NoModifier


def main(arguments: list[str]) -> int:
    """Run it, print the figures as one JSON object, return 1 when a criterion fails."""
    parser = argparse.ArgumentParser(prog="hands")
    parser.add_argument("--acts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jidoka-soak-") as scratch:
        demo = DemoRun(options.data_dir or Path(scratch) / "demo", for_s=86_400)
        try:
            demo.start()
            report = _run(demo.folder, acts=options.acts, seed=options.seed)
            report["criteria"]["exit code 0"] = demo.stop() == 0
        finally:
            demo.abandon()
    print(json.dumps(report, indent=1))
    return 0 if all(report["criteria"].values()) else 1


def _run(folder: Path, *, acts: int, seed: int) -> dict[str, Any]:
    witness = Witness()
    application = create_application(["jidoka"], theme="day")
    QDrag.exec = _let_go  # type: ignore[method-assign] # offscreen nobody ends a drag
    session = WindowSession(application, folder, clock=SystemClock())
    session.start(width=SIZES[0][0], height=SIZES[0][1])
    deadline_s = time.monotonic() + ATTACH_S
    while not session.is_attached and time.monotonic() < deadline_s:
        _let_it_work(50)
    witness.start()
    hands, chance = Hands(session, witness, seed=seed), random.Random(seed)
    longest_s, longest_act = 0.0, ""
    for _ in range(acts):
        begun_s = time.monotonic()
        hands.act()
        QApplication.processEvents()
        longest_s, longest_act = max((longest_s, longest_act), (time.monotonic() - begun_s, witness.last))
        _let_it_work(chance.choice((0, 0, 10, 60)))
    is_open, is_attached = session.room.window.isVisible(), session.is_attached
    session.close()
    return {
        "criteria": {
            "nothing was raised or complained of": not witness.complaints,
            "the window showed the plant": is_attached,
            "the window stayed open": is_open,
            f"no act held it longer than {LONGEST_ACT_S} s": longest_s <= LONGEST_ACT_S,
        },
        "acts": acts,
        "seed": seed,
        "longest_act_s": round(longest_s, 3),
        "longest_act": longest_act,
        "complaints": witness.complaints[:20],
    }


def _let_go(drag: QDrag, *actions: Qt.DropAction) -> Qt.DropAction:
    return Qt.DropAction.IgnoreAction


def _let_it_work(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
