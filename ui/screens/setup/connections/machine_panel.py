"""A machine made on the way: three words, then the values that fit it find it by themselves."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from domain.plant.plant import Plant
from domain.plant.templates import MachineClass
from ui.text import plain, tr
from ui.widgets.fields import ChoiceField, LineField
from ui.widgets.form import HintLine
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel


class MachinePanel(Panel):
    """``added`` carries class_key, name, code and line_id ("" makes the first line)."""

    added = Signal(object)
    cancelled = Signal()

    def __init__(self, classes: Sequence[MachineClass]) -> None:
        super().__init__(tr("Link", "New machine"))
        self._classes: Mapping[str, MachineClass] = {each.key: each for each in classes}
        choices = [(each.key, plain(each.key)) for each in classes]
        self.kind = ChoiceField(tr("Link", "Class"), choices)
        self.name = LineField(tr("Link", "Name"), helper=tr("Link", "Such as Feed pump"))
        self.code = LineField(
            tr("Link", "Code"), helper=tr("Link", "As it stands in names of the PLC, such as P201")
        )
        self.line = ChoiceField(tr("Link", "Line"))
        self._brings = HintLine()
        self.add = KeyButton(tr("Link", "Add"), key="Ctrl+Enter", is_primary=True)
        self.cancel = KeyButton(tr("Link", "Cancel"))
        for row in (self.kind, self.name, self.code, self.line):
            self.body.addWidget(row)
        self.body.addWidget(self._brings)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        self.body.addLayout(buttons)
        self.body.addStretch(1)
        self.kind.edited.connect(self._tell_class)
        self.add.clicked.connect(self._on_add)
        self.cancel.clicked.connect(self.cancelled)
        self.kind.show_value(choices[0][0])
        self._tell_class()

    def begin(self, plant: Plant, *, name: str) -> None:
        """Ask for a machine; the name that the device uses is a first suggestion."""
        lines = [(str(line.id), line.name) for line in plant.lines]
        self.line.offer(lines or [("", tr("Link", "Line 1 (new)"))])
        self.line.show_value(lines[0][0] if lines else "")
        for row, text in ((self.name, name), (self.code, name)):
            row.show_value(text)
            row.complain("")
        self.name.take_focus()

    def say_problem(self, words: str) -> None:
        """Say why the machine was not added."""
        self.code.complain(words)

    def _tell_class(self) -> None:
        kind = self._classes[self.kind.value()]
        self._brings.say(
            tr(
                "Link",
                "Brings measurement points ({points}) and values that wait for a device ({values}).",
                points=len(kind.points),
                values=len(kind.values),
            )
        )

    def _on_add(self) -> None:
        name, code = self.name.value(), self.code.value()
        needed = tr("Link", "Needed.")
        self.name.complain("" if name else needed)
        self.code.complain("" if code else needed)
        if name and code:
            self.added.emit(
                {"class_key": self.kind.value(), "name": name, "code": code, "line_id": self.line.value()}
            )
