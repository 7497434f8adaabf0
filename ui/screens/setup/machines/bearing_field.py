"""The bearing of a point: found in the catalogue by typing, shown with its defect orders [NEW-13]."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout

from domain.plant.bearings import BearingGeometry, BearingType, is_same
from ui.screens.setup.machines.words import geometry_words, order_words
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.fields import Field
from ui.widgets.form import line_field
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label
from ui.widgets.row_list import ListRow, RowList

MOST_FOUND = 6


class BearingField(Field):
    """Its value is a geometry, None for no bearing known, or the words typed while nothing is chosen."""

    def __init__(self) -> None:
        self.editor = line_field(
            tr("Machines", "Bearing"), hint=tr("Machines", "type maker or designation, such as 6205")
        )
        self._catalogue: Sequence[BearingType] = ()
        self._geometry: BearingGeometry | None = None
        super().__init__(tr("Machines", "Bearing"), self.editor, read=self._meant, put=self._put_in)
        self.found = RowList(tr("Machines", "Bearings found"), follows_arrows=False)
        self.facts = label("", size=CAPTION, role="title")
        self.orders = label("", size=CAPTION)
        self.clear = KeyButton(tr("Machines", "No bearing known"))
        self._build()

    def _build(self) -> None:
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        for each in (self.facts, self.orders):
            each.setWordWrap(True)
        column.insertWidget(2, self.found)
        column.insertWidget(3, self.facts)
        column.insertWidget(4, self.orders)
        column.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        self.editor.textChanged.connect(self._look)
        self.editor.returnPressed.connect(self._take_first)
        self.found.chosen.connect(self._take)
        self.clear.clicked.connect(self.editor.clear)
        down = QShortcut(QKeySequence("Down"), self.editor, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.found.setFocus)
        self._describe()

    def offer(self, catalogue: Sequence[BearingType]) -> None:
        """Search in another catalogue."""
        self._catalogue = catalogue
        self._describe()

    def _meant(self) -> BearingGeometry | str | None:
        typed = self.editor.text().strip()
        if self._geometry is not None and typed == self._geometry.designation:
            return self._geometry
        return typed or None

    def _put_in(self, value: BearingGeometry | str | None) -> None:
        self._geometry = value if isinstance(value, BearingGeometry) else None
        self.editor.setText(value.designation if isinstance(value, BearingGeometry) else value or "")
        self._look()

    def _look(self) -> None:
        if isinstance(self.value(), str) or not self.editor.text():
            self._geometry = None
        self.complain("")
        self._describe()
        self.changed.emit()

    def _describe(self) -> None:
        value = self.value()
        is_open = isinstance(value, str)
        rows = [_row(each) for each in self._matching(value)] if isinstance(value, str) else []
        self.found.show_rows(rows)
        self.found.setVisible(bool(rows))
        known = value if isinstance(value, BearingGeometry) else None
        self.facts.setText(self._facts(known, is_open=is_open, is_empty=not rows))
        self.orders.setText(order_words(known) if known else "")
        self.orders.setVisible(known is not None)
        self.clear.setVisible(value is not None)

    def _facts(self, known: BearingGeometry | None, *, is_open: bool, is_empty: bool) -> str:
        if known is not None:
            return f"{geometry_words(known)}. {self._newer(known)}".strip()
        if is_open and is_empty:
            return tr("Machines", "Not in the catalogue. Add it in the Bearings tab.")
        if is_open:
            return tr("Machines", "Enter takes the first, Down walks the list.")
        return tr("Machines", "No bearing known: bearing faults cannot be told by their frequencies.")

    def _newer(self, known: BearingGeometry) -> str:
        """Say that the catalogue has other figures by now, and none of them those of the point."""
        name = known.designation.lower()
        same = [each for each in self._catalogue if each.geometry.designation.lower() == name]
        if not same or any(is_same(each.geometry, known) for each in same):
            return ""
        return tr("Machines", "The catalogue has other figures now: clear the field and type to choose.")

    def _matching(self, words: str) -> list[BearingType]:
        wanted = words.lower().split()
        found = (each for each in self._catalogue if all(word in each.name.lower() for word in wanted))
        return [each for each, _ in zip(found, range(MOST_FOUND), strict=False)]

    def _take_first(self) -> None:
        if self.found.rows and not self.found.isHidden():
            self._take(self.found.rows[0].key)

    def _take(self, identity: object) -> None:
        assert isinstance(identity, UUID)
        chosen = next((each for each in self._catalogue if each.id == identity), None)
        if chosen is not None:
            self.editor.setFocus()
            self.show_value(chosen.geometry)


def _row(bearing: BearingType) -> ListRow:
    weak = tr(
        "Machines", "{elements} elements, edition {edition}",
        elements=bearing.geometry.elements, edition=bearing.edition,
    )  # fmt: skip
    return ListRow(bearing.id, bearing.name, weak=weak, tip=geometry_words(bearing.geometry))
