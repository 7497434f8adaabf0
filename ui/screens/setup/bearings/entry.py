"""The sheet for an entry of the plant's own; a type that is there gets a new edition, said beforehand."""

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout

from domain.errors import ConfigurationError
from domain.plant.bearings import USUAL_SLIP, BearingGeometry, BearingType, impossible_figures, type_key
from ui.screens.setup.bearings.words import cure_words
from ui.screens.setup.machines.words import order_words
from ui.text import error_words, tr
from ui.theme import BODY
from ui.typed_numbers import number_of
from ui.widgets.fields import FieldForm, LineField, NumberField, scrolled
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, Separator, label

Values = dict[str, Any]
_FIELDS: Final = {
    "elements": "elements",
    "element_diameter_mm": "small",
    "pitch_diameter_mm": "large",
    "contact_angle_deg": "angle",
    "slip_tolerance": "slip",
}
"""The field of the sheet for each figure of a bearing."""


class EntrySheet(Panel):
    """``added`` carries maker, geometry and slip tolerance as a share."""

    added = Signal(str, object, float)
    ended = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Bearings", "Add a bearing"))
        self._catalogue: Sequence[BearingType] = ()
        self.said = HintLine()
        self.orders = label("", size=BODY)
        self.orders.setWordWrap(True)
        self.form = _form()
        self.act = KeyButton(tr("Bearings", "Add entry"), key="Ctrl+Return", is_primary=True)
        self.end = KeyButton(tr("Bearings", "Cancel"), key="Esc")
        self._build()
        self.form.changed.connect(self._look)
        self.act.clicked.connect(self.send)
        self.end.clicked.connect(self.ended)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.send)

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.act)
        row.addWidget(self.end)
        row.addStretch(1)
        self.body.setSpacing(8)
        self.body.addWidget(self.said)
        self.body.addWidget(scrolled(self.form), 1)
        self.body.addWidget(self.orders)
        self.body.addWidget(Separator())
        self.body.addLayout(row)

    def begin(self, catalogue: Sequence[BearingType], *, like: BearingType | None) -> None:
        """Start empty, or with the figures of a type that is to be corrected."""
        self._catalogue = catalogue
        self.form.show_values(_values_of(like))
        self._look()
        self.form.fields["maker"].take_focus()

    def send(self) -> None:
        """Ask for the act, or say at the fields what is wrong."""
        values = self.form.values()
        if not self.form.complain(complaints_of(values)):
            slip = number_of(values["slip"]) or 0.0
            self.added.emit(values["maker"], geometry_of(values), slip / 100)

    def take_failure(self, error: BaseException) -> None:
        """Say why nothing was added."""
        self.said.say(error_words(error), is_marked=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.ended.emit()
            return
        super().keyPressEvent(event)

    def _look(self) -> None:
        """Say which edition it would be, and show the orders as soon as the figures give some."""
        values = self.form.values()
        key = type_key(values["maker"], values["designation"])
        there = [bearing for bearing in self._catalogue if bearing.key == key]
        self.said.say(
            tr(
                "Bearings", "{name} is in the catalogue: this becomes edition {edition}. Points keep theirs.",
                name=there[-1].name, edition=there[-1].edition + 1,
            )
            if there
            else ""
        )  # fmt: skip
        geometry = geometry_of(values) if not complaints_of(values) else None
        self.orders.setText("" if geometry is None else order_words(geometry))


def _form() -> FieldForm:
    return FieldForm(
        {
            "maker": LineField(tr("Bearings", "Maker")),
            "designation": LineField(tr("Bearings", "Designation"), is_required=True),
            "elements": NumberField(tr("Bearings", "Number of rolling elements n"), is_required=True),
            "small": NumberField(tr("Bearings", "Element diameter d, mm"), is_required=True),
            "large": NumberField(tr("Bearings", "Pitch diameter D, mm"), is_required=True),
            "angle": NumberField(
                tr("Bearings", "Contact angle, \u00b0"),
                helper=tr("Bearings", "0 for deep groove ball and cylindrical roller bearings."),
            ),
            "slip": NumberField(
                tr("Bearings", "Slip tolerance, %"),
                helper=tr("Bearings", "How far below the computed frequency a fault may still be found."),
            ),
            "source": LineField(
                tr("Bearings", "Source"), hint=tr("Bearings", "catalogue, drawing, measured")
            ),
        }
    )


def _values_of(bearing: BearingType | None) -> Values:
    if bearing is None:
        empty = dict.fromkeys(("maker", "designation", "elements", "small", "large", "source"), "")
        return empty | {"angle": 0.0, "slip": 100 * USUAL_SLIP}
    geometry = bearing.geometry
    return {
        "maker": bearing.maker,
        "designation": geometry.designation,
        "elements": float(geometry.elements),
        "small": geometry.element_diameter_mm,
        "large": geometry.pitch_diameter_mm,
        "angle": geometry.contact_angle_deg,
        "slip": 100 * bearing.slip_tolerance,
        "source": geometry.source,
    }


def complaints_of(values: Values) -> dict[str, str]:
    """Return what is wrong at which field of the sheet."""
    found: dict[str, str] = {}
    if not values["designation"]:
        found["designation"] = tr("Bearings", "Give the designation, such as 6205.")
    missing = float("nan")  # is no figure of any bearing
    figures = [number_of(values[name]) for name in _FIELDS.values()]
    elements, small, large, angle, slip = (missing if each is None else each for each in figures)
    for figure in impossible_figures(elements, small, large, angle_deg=angle, slip=slip / 100):
        found[_FIELDS[figure]] = cure_words(figure)
    return found


def geometry_of(values: Values) -> BearingGeometry | None:
    """Return the geometry that the fields give, None while they give none."""
    elements, small, large, angle = (
        number_of(values[name]) for name in ("elements", "small", "large", "angle")
    )
    if elements is None or small is None or large is None or angle is None:
        return None
    try:
        return BearingGeometry(values["designation"], int(elements), small, large, angle, values["source"])
    except ConfigurationError:
        return None
