"""The same registers in every order of words and bytes, with the value that each gives."""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from services.set_up.probing import OrderTrial
from ui.text import tr
from ui.widgets.form import HintLine
from ui.widgets.key_button import ToolButton

LETTERS: Final = {
    ("big", "big"): "ABCD",
    ("little", "big"): "CDAB",
    ("big", "little"): "BADC",
    ("little", "little"): "DCBA",
}


class OrderList(QWidget):
    """A button per order; the present one is pressed."""

    chosen = Signal(str, str)
    """Word order and byte order."""

    def __init__(self) -> None:
        super().__init__()
        self._hint = HintLine()
        self.buttons: dict[tuple[str, str], ToolButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self._hint)
        self.clear()

    def _on_clicked(self) -> None:
        order = next(order for order, button in self.buttons.items() if button is self.sender())
        self.chosen.emit(*order)

    def clear(self) -> None:
        """Show nothing."""
        for button in self.buttons.values():
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        self.hide()

    @property
    def words(self) -> str:
        """What is said instead of values."""
        return self._hint.text()

    def stop_asking(self) -> None:
        """Show nothing unless there are values to choose from."""
        if not self.buttons:
            self.clear()

    def say(self, words: str) -> None:
        """Say something instead of values."""
        self.clear()
        self._hint.say(words)
        self.show()

    def show_trials(self, trials: Sequence[tuple[OrderTrial, str]], address: Mapping[str, object]) -> None:
        """Show each order with its value in words; take the one that makes sense."""
        self.clear()
        self._hint.say(tr("Link", "Choose the one that makes sense:"))
        present = (str(address.get("word_order", "big")), str(address.get("byte_order", "big")))
        for trial, value in trials:
            order = (trial.word_order, trial.byte_order)
            button = ToolButton(f"{LETTERS[order]}   {value}", name=LETTERS[order])
            button.setChecked(order == present)
            button.clicked.connect(self._on_clicked)
            self.buttons[order] = button
            self._column.addWidget(button)
        self.show()
