"""Small buttons in the heads of spectrum and waterfall."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.text import tr
from ui.widgets.key_button import ToolButton

FAMILIES = ("BPFO", "BPFI", "BSF", "1\u00d7")
SPANS = (("1", "1 h"), ("48", "48 h"), ("720", "30 d"))


class _Choice(QWidget):
    """Buttons of which at most one is pressed."""

    chosen = Signal(str)
    """The key of the button; empty when it was let go."""

    def __init__(self, choices: Sequence[tuple[str, str]], *, name: str) -> None:
        super().__init__()
        self._buttons: dict[str, ToolButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        for key, words in choices:
            button = ToolButton(words, name=name.format(words))
            button.setProperty("choice", key)
            button.clicked.connect(self._on_clicked)
            self._buttons[key] = button
            self._row.addWidget(button)

    def light(self, key: str) -> None:
        """Press the button of a key and no other."""
        for each, button in self._buttons.items():
            button.setChecked(each == key)

    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, ToolButton):
            self.chosen.emit(str(button.property("choice")) if button.isChecked() else "")


class SpectrumTools(_Choice):
    """Whose harmonics are numbered, sidebands, baseline."""

    def __init__(self) -> None:
        super().__init__([(each, each) for each in FAMILIES], name=tr("Analysis", "Harmonics of {}"))
        self.sidebands = ToolButton(tr("Analysis", "sidebands"), key="S")
        self.baseline = ToolButton(tr("Analysis", "baseline"), key="B")
        for button in (self.sidebands, self.baseline):
            self._row.addWidget(button)


class SpanTools(_Choice):
    """How far waterfall and bands reach back; one span is always chosen."""

    def __init__(self) -> None:
        super().__init__(SPANS, name=tr("Analysis", "Waterfall of {}"))

    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, ToolButton):
            self.chosen.emit(str(button.property("choice")))
