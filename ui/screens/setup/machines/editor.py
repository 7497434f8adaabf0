"""The edit panel: the form of what is chosen, its values beside it, the acts below."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from domain.plant.assets import Asset, AssetKind, MeasurementPoint
from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from ui.screens.setup.machines.drafts import Complaints, Values
from ui.screens.setup.machines.forms import KindForm, PointForm, form_key, make_form
from ui.screens.setup.machines.nodes import Thing
from ui.screens.setup.machines.values_panel import ValuesPanel
from ui.screens.setup.machines.words import kind_name
from ui.text import tr, tr_n
from ui.widgets.fields import scrolled
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, Separator

FORM_WIDTH_LEAST, FORM_WIDTH_MOST = 300, 460
MOVED = (AssetKind.LINE, AssetKind.MACHINE, AssetKind.COMPONENT)


class EditPanel(Panel):
    """One thing at a time; it only asks, the tab acts."""

    changed = Signal()
    save_asked = Signal()
    revert_asked = Signal()
    remove_asked = Signal()
    move_asked = Signal(int)
    values_removal_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Machines", "Nothing chosen"))
        self._forms: dict[str, KindForm] = {}
        self._pages_of: dict[str, QWidget] = {}
        self._catalogue: Sequence[BearingType] = ()
        self._refusal = ""
        self._shown: Thing | None = None
        self.said = HintLine()
        self.values = ValuesPanel()
        self.pages = QStackedWidget()
        self.save = KeyButton(tr("Machines", "Save"), key="Ctrl+Return", is_primary=True)
        self.revert = KeyButton(tr("Machines", "Revert"))
        self.up = KeyButton(tr("Machines", "Move up"), key="Alt+\u2191")
        self.down = KeyButton(tr("Machines", "Move down"), key="Alt+\u2193")
        self.remove = KeyButton(tr("Machines", "Remove\u2026"), key="Del")
        self._build()
        self._connect()

    def _build(self) -> None:
        self.body.setSpacing(8)
        self.body.addWidget(self.said)
        middle = QHBoxLayout()
        middle.setSpacing(20)
        middle.addWidget(self.pages, 10)
        self._rule = Separator(vertical=True)
        middle.addWidget(self._rule)
        middle.addWidget(self.values, 9)
        self._space = QWidget()
        middle.addWidget(self._space, 9)
        self.pages.setMinimumWidth(FORM_WIDTH_LEAST)
        self.pages.setMaximumWidth(FORM_WIDTH_MOST + 20)
        self.body.addLayout(middle, 1)
        self.body.addWidget(Separator())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.save)
        row.addWidget(self.revert)
        row.addStretch(1)
        for each in (self.up, self.down, self.remove):
            row.addWidget(each)
        self.body.addLayout(row)

    def _connect(self) -> None:
        self.save.clicked.connect(self.save_asked)
        self.revert.clicked.connect(self.revert_asked)
        self.remove.clicked.connect(self.remove_asked)
        self.up.clicked.connect(self._move_up)
        self.down.clicked.connect(self._move_down)
        self.values.removal_asked.connect(self.values_removal_asked)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.save_asked)

    # ---- what is shown

    def show_thing(self, thing: Thing, values: Values, plant: Plant) -> None:
        """Show a thing with what stands in its fields: its own values, or what was typed over them."""
        is_same = self._shown is not None and self._shown.id == thing.id
        self._shown = thing
        form = self.form(form_key(thing))
        form.prepare(thing, plant)
        if dict(values) != form.values() or not is_same:
            form.show_values(values)
        self.pages.setCurrentWidget(self._pages_of[form_key(thing)])
        self._word_header(thing, plant)
        self._place_values(thing, plant)
        can_move = isinstance(thing, Asset) and thing.kind in MOVED
        for button in (self.up, self.down):
            button.setVisible(can_move)

    def _word_header(self, thing: Thing, plant: Plant) -> None:
        self.set_title(kind_name(thing), thing.name)
        above = thing.asset_id if isinstance(thing, MeasurementPoint) else thing.parent_id
        self.set_context("" if above is None else plant.path(above).text)

    def _place_values(self, thing: Thing, plant: Plant) -> None:
        """Show the values beside the form, except where a whole line would be listed."""
        has_values = isinstance(thing, MeasurementPoint) or thing.kind not in (
            AssetKind.SITE,
            AssetKind.LINE,
        )
        for each in (self.values, self._rule):
            each.setVisible(has_values)
        self._space.setVisible(not has_values)
        if has_values:
            self.values.show_thing(thing, plant)

    def typed(self) -> dict[str, Any]:
        """Return what stands in the fields."""
        assert self._shown is not None
        return self.form(form_key(self._shown)).values()

    def complain(self, complaints: Complaints) -> bool:
        """Say what is wrong at the fields; True when something is."""
        assert self._shown is not None
        is_wrong = self.form(form_key(self._shown)).complain(complaints)
        count = len(complaints)
        self.say(
            tr_n(
                "Machines",
                "Not saved: {count} field needs a look.",
                "Not saved: {count} fields need a look.",
                count=count,
            )
            if is_wrong
            else ""
        )
        return is_wrong

    def say(self, words: str, *, is_marked: bool = True) -> None:
        """Say something over the form; empty says why the person may only look, if so."""
        self.said.say(words or self._refusal, is_marked=is_marked and bool(words or self._refusal))

    def offer_bearings(self, catalogue: Sequence[BearingType]) -> None:
        """Search bearings in this catalogue."""
        self._catalogue = catalogue
        form = self._forms.get("point")
        if isinstance(form, PointForm):
            form.offer_bearings(catalogue)

    def allow(self, refusal: str) -> None:
        """Let people act, or only look and read why."""
        self._refusal = refusal
        for button in (self.save, self.revert, self.up, self.down, self.remove):
            button.setEnabled(not refusal)
            button.setToolTip(refusal)
        for form in self._forms.values():
            form.allow(not refusal)
        self.values.allow(not refusal)
        self.say("")

    def form(self, key: str) -> KindForm:
        """Return a form, made when it is wanted for the first time."""
        if key not in self._forms:
            form = self._forms[key] = make_form(key)
            form.allow(not self._refusal)
            form.changed.connect(self.changed)
            self._pages_of[key] = scrolled(form)
            self.pages.addWidget(self._pages_of[key])
            self.offer_bearings(self._catalogue)
        return self._forms[key]

    def _move_up(self) -> None:
        self.move_asked.emit(-1)

    def _move_down(self) -> None:
        self.move_asked.emit(1)
