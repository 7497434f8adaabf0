"""Doing, taking back and doing again the acts of a set-up tab, in the database lane."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from services.set_up.configuration import Edit
from services.set_up.edit_stack import Act, EditStack
from services.set_up.plant_setup import PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.setup.edit_words import edit_words, turned_words
from ui.widgets.undo_bar import UndoBar

Work = Callable[[PlantSetup], Edit | None]


class SetupActs:
    """Acts of one tab. The stack is touched in the lane only; ``acted`` hears of each edit that is stored."""

    def __init__(
        self,
        workstation: Workstation,
        context: Context,
        *,
        acted: Callable[[Edit], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._workstation, self._context = workstation, context
        self._acted, self._failed = acted, failed
        self._stack = EditStack()
        self.bar = UndoBar()
        self.bar.undone.connect(self.undo)

    def listen_in(self, view: QWidget) -> None:
        """Follow Ctrl+Z and Ctrl+Y while the focus is in a view."""
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("Ctrl+Z"), view, context=context).activated.connect(self.undo)
        QShortcut(QKeySequence("Ctrl+Y"), view, context=context).activated.connect(self.redo)

    def run(self, work: Work, *, name: str) -> None:
        """Do an act; ``name`` is what it is about."""
        self._context.tasks.run(partial(self._do, work, name), done=self._done, failed=self._failed)

    def take(self, edit: Edit, *, name: str) -> None:
        """Take in an act that was stored elsewhere, so that it can be taken back here."""
        self._context.tasks.run(partial(self._push, edit, name), done=self._done, failed=self._failed)

    def undo(self) -> None:
        """Take the newest act back."""
        self._context.tasks.run(self._undo, done=self._undone, failed=self._failed)

    def redo(self) -> None:
        """Do the act again that was taken back last."""
        self._context.tasks.run(self._redo, done=self._redone, failed=self._failed)

    # ---- in the database lane

    def _setup(self) -> PlantSetup:
        station = self._workstation
        return PlantSetup(station.store, clock=self._context.clock, by=station.actor)

    def _do(self, work: Work, name: str) -> Act | None:
        edit = work(self._setup())
        return None if edit is None else self._push(edit, name)

    def _push(self, edit: Edit, name: str) -> Act:
        act = Act(edit, edit.title_key, name)
        self._stack.push(act)
        return act

    def _undo(self) -> Act | None:
        return self._stack.undo(self._setup().undo)

    def _redo(self) -> Act | None:
        return self._stack.redo(self._setup().undo)

    # ---- in the main thread

    def _done(self, act: Act | None) -> None:
        if act is not None:
            self.bar.offer(edit_words(act.title_key, act.name))
            self._acted(act.edit)

    def _undone(self, act: Act | None) -> None:
        self._turned("undo", act)

    def _redone(self, act: Act | None) -> None:
        self._turned("redo", act)

    def _turned(self, turn: str, act: Act | None) -> None:
        if act is not None:
            words = turned_words(turn, edit_words(act.title_key, act.name))
            self.bar.offer(words, can_undo=turn == "redo")
            self._acted(act.edit)
