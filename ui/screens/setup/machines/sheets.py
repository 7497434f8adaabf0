"""The sheets that add a line, machines or a point: they stand where the edit panel stands, Esc ends them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout

from domain.plant.assets import Criticality, Technique
from domain.plant.plant import Plant
from domain.plant.templates import MachineClass
from ui.screens.setup.machines.codes import free_code, next_code, next_name, suggested_code
from ui.screens.setup.machines.drafts import Complaints, Values, code_complaint, codes_of
from ui.screens.setup.machines.forms import code_field, criticality_field, name_field
from ui.screens.setup.machines.words import class_brings, class_name, technique_choices
from ui.text import error_words, tr
from ui.widgets.fields import ChoiceField, FieldForm, LineField, scrolled
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, Separator

FORM_WIDTH = 480


class Sheet(Panel):
    """A form with one act. ``added`` carries its values; the sheet stays open for the next one."""

    added = Signal(object)
    ended = Signal()

    def __init__(self, title: str, form: FieldForm, *, act: str) -> None:
        super().__init__(title)
        self.form = form
        self.said = HintLine()
        self.act = KeyButton(act, key="Ctrl+Return", is_primary=True)
        self.end = KeyButton(tr("Machines", "Done"), key="Esc")
        self._plant = Plant()
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.act)
        row.addWidget(self.end)
        row.addStretch(1)
        self.body.setSpacing(8)
        self.body.addWidget(self.said)
        self.body.addWidget(scrolled(self.form, most_width=FORM_WIDTH), 1)
        self.body.addWidget(Separator())
        self.body.addLayout(row)
        self.act.clicked.connect(self.send)
        self.end.clicked.connect(self.ended)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.send)

    def show_plant(self, plant: Plant) -> None:
        """Know what is there already."""
        self._plant = plant

    def begin(self) -> None:
        """Start with empty fields."""
        self.said.say("")
        self.form.complain({})
        first = next(iter(self.form.fields.values()))
        first.take_focus()

    def send(self) -> None:
        """Ask for the act, or say at the fields what is wrong."""
        if not self.act.isEnabled():
            return
        values = self.form.values()
        if not self.form.complain(self.complaints(values)):
            self.act.setEnabled(False)
            self.added.emit(values)

    def complaints(self, values: Values) -> Complaints:
        """Return what is wrong at which field."""
        found: Complaints = {}
        if not values["name"]:
            found["name"] = tr("Machines", "Give a name.")
        if "code" in values and (words := code_complaint(values["code"], self._plant)):
            found["code"] = words
        return found

    def take_success(self, words: str) -> None:
        """Say what was added and make ready for the next one."""
        self.act.setEnabled(True)
        self.said.say(words)
        self.propose_next()

    def take_failure(self, error: BaseException) -> None:
        """Say why nothing was added; what was typed stays."""
        self.act.setEnabled(True)
        self.said.say(error_words(error), is_marked=True)

    def propose_next(self) -> None:
        """Fill in what the next one may be called."""
        self.form.fields["name"].show_value("")
        self.form.fields["name"].take_focus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.ended.emit()
            return
        super().keyPressEvent(event)


class CodedSheet(Sheet):
    """Proposes a free code: from the name, or the next of the row once somebody typed a code of his own."""

    def __init__(self, title: str, form: FieldForm, *, act: str) -> None:
        super().__init__(title, form, act=act)
        self._proposed = ""
        self._follows_name = True
        form.fields["name"].changed.connect(self._propose)

    @property
    def taken(self) -> set[str]:
        """The codes that are there."""
        return {asset.code for asset in codes_of(self._plant)}

    def propose_code(self, code: str) -> None:
        """Put a code in that gives way to another name."""
        self._proposed = code
        self.form.fields["code"].show_value(code)

    def propose_next(self) -> None:
        name, code = (self.form.fields[key].value() for key in ("name", "code"))
        self._follows_name = self._follows_name and code == self._proposed
        self.form.fields["name"].show_value(next_name(name))
        self.propose_code(next_code(code, self.taken | {code}))
        self.form.fields["name"].take_focus()

    def _propose(self) -> None:
        if self._follows_name and self.form.fields["code"].value() == self._proposed:
            self.propose_code(suggested_code(self.form.fields["name"].value(), self.taken))


class LineSheet(CodedSheet):
    """Adds a line at the end of the site."""

    def __init__(self) -> None:
        helper = tr("Machines", "Proposed from the name; another one may be typed.")
        form = FieldForm({"name": name_field(), "code": code_field(helper)})
        super().__init__(tr("Machines", "Add a line"), form, act=tr("Machines", "Add line"))

    def begin(self) -> None:
        self.form.show_values({"name": "", "code": ""})
        number = len(self._plant.lines) + 1
        self.form.fields["name"].show_value(tr("Machines", "Line {number}", number=number))
        self.propose_code(free_code(f"L{number}", self.taken))
        super().begin()


class MachineSheet(CodedSheet):
    """Adds machines of a class, one after the other."""

    def __init__(self, classes: Sequence[MachineClass]) -> None:
        self._classes = {kind.key: kind for kind in classes}
        self.line = ChoiceField(tr("Machines", "Line"))
        named = [(key, class_name(kind)) for key, kind in self._classes.items()]
        self.kind = ChoiceField(tr("Machines", "Class"), named)
        form = FieldForm(
            {
                "name": name_field(),
                "kind": self.kind,
                "code": code_field(tr("Machines", "Proposed from the name; another one may be typed.")),
                "line": self.line,
                "criticality": criticality_field(),
            }
        )
        super().__init__(tr("Machines", "Add machines"), form, act=tr("Machines", "Add machine"))
        form.fields["name"].help_with(tr("Machines", "As people on the floor call it."))
        self.kind.changed.connect(self._explain)
        self._explain()

    def show_plant(self, plant: Plant) -> None:
        super().show_plant(plant)
        lines = [(str(line.id), line.name) for line in plant.lines]
        self.line.offer(lines or [("", tr("Machines", "Line 1, made with it"))])

    def begin_on(self, line_id: str) -> None:
        """Start on a line."""
        self.form.show_values(
            self.form.values() | {"name": "", "code": "", "criticality": Criticality.B.value}
        )
        self._follows_name = True
        self.propose_code("")
        self.line.show_value(line_id)
        self.begin()

    def _explain(self) -> None:
        kind = self._classes.get(self.kind.value())
        self.kind.help_with("" if kind is None else class_brings(kind))


class PointSheet(Sheet):
    """Adds measurement points below a machine or component."""

    def __init__(self) -> None:
        form = FieldForm(
            {
                "name": LineField(
                    tr("Machines", "Name"),
                    helper=tr("Machines", "The place, such as Motor DE or Gearbox."),
                    is_required=True,
                ),
                "technique": ChoiceField(
                    tr("Machines", "Technique"),
                    technique_choices(),
                    helper=tr("Machines", "A vibration point brings its computed figures."),
                ),
            }
        )
        super().__init__(tr("Machines", "Add points"), form, act=tr("Machines", "Add point"))

    def begin_at(self, place: str) -> None:
        """Start below something."""
        self.set_title(tr("Machines", "Add points to"), place)
        self.form.show_values({"name": "", "technique": Technique.VIBRATION.value})
        self.begin()
