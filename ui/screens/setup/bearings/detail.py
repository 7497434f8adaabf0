"""One bearing: its figures in words, the points that run in it, and the acts for them."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from services.set_up.bearing_catalogue import BearingUse
from ui.screens.setup.bearings.table import UseRow, use_table
from ui.screens.setup.bearings.words import use_words
from ui.screens.setup.machines.words import geometry_words, order_words
from ui.text import tr
from ui.theme import CAPTION
from ui.typed_numbers import shown_number
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label


class BearingDetail(Panel):
    """``point_opened`` carries a point's id, ``edition_taken`` the points that want the newest figures."""

    point_opened = Signal(object)
    edition_taken = Signal(object)
    correction_asked = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Bearings", "No bearing chosen"))
        self._newest = 0
        self._refusal = ""
        self.facts = label("", role="title")
        self.orders = label("")
        self.origin = label("", size=CAPTION, role="caption")
        self.used = label("", strong=True, role="title")
        self.table = use_table()
        self.open_point = KeyButton(tr("Bearings", "Open point"))
        self.take = KeyButton(tr("Bearings", "Take the newest edition"))
        self.correct = KeyButton(tr("Bearings", "Correct\u2026"))
        self._build()

    def _build(self) -> None:
        self.body.setSpacing(8)
        for each in (self.facts, self.orders, self.origin):
            each.setWordWrap(True)
            self.body.addWidget(each)
        first = QHBoxLayout()
        first.addWidget(self.correct)
        first.addStretch(1)
        self.body.addLayout(first)
        self.body.addWidget(self.used)
        self.body.addWidget(self.table, 1)
        self.body.addStretch(0)
        row = QHBoxLayout()
        row.addWidget(self.take)
        row.addWidget(self.open_point)
        row.addStretch(1)
        self.body.addLayout(row)
        self.table.selection_changed.connect(self._look)
        self.table.opened.connect(self.point_opened)
        self.open_point.clicked.connect(self._open)
        self.take.clicked.connect(self._take)
        self.correct.clicked.connect(self.correction_asked)
        self._look()

    def show_bearing(self, bearing: BearingType | None) -> None:
        """Show the figures of a type; its points come with ``show_uses``."""
        self.table.set_rows(())
        self.used.setText("")
        self._newest = 0 if bearing is None else bearing.edition
        if bearing is None:
            self.set_title(tr("Bearings", "No bearing chosen"))
            words = tr("Bearings", "Choose one to see where it runs.")
        else:
            self.set_title(tr("Bearings", "Bearing"), bearing.name)
            words = geometry_words(bearing.geometry)
        self.facts.setText(words)
        self.orders.setText("" if bearing is None else order_words(bearing.geometry))
        self.origin.setText("" if bearing is None else _origin(bearing))
        self._look()

    def show_uses(self, uses: Sequence[BearingUse], plant: Plant) -> None:
        """List the points that run in the type."""
        self.table.set_rows([_use_row(use, plant, self._newest) for use in uses])
        self.used.setText(
            tr("Bearings", "Points that run in it: {count}", count=len(uses))
            if uses
            else tr("Bearings", "No point runs in it yet")
        )
        self._look()

    def allow(self, refusal: str) -> None:
        """Let people act, or only look and read why."""
        self._refusal = refusal
        for button in (self.take, self.correct):
            button.setToolTip(refusal)
        self._look()

    def _look(self) -> None:
        chosen = self._chosen()
        is_old = bool(chosen) and all(row.use.edition != self._newest for row in chosen)
        self.table.setVisible(self.table.rows.rowCount() > 0)
        self.take.set_words(tr("Bearings", "Take edition {edition}", edition=self._newest))
        self.take.setVisible(any(row.use.edition != self._newest for row in self._rows()))
        self.take.setEnabled(is_old and not self._refusal)
        self.open_point.setVisible(bool(self._rows()))
        self.open_point.setEnabled(len(chosen) == 1)
        self.correct.setVisible(self._newest > 0)
        for each in (self.orders, self.origin, self.used):
            each.setVisible(bool(each.text()))
        self.correct.setEnabled(self._newest > 0 and not self._refusal)

    def _rows(self) -> list[UseRow]:
        return [self.table.rows.row(place) for place in range(self.table.rows.rowCount())]

    def _chosen(self) -> list[UseRow]:
        chosen = set(self.table.selected())
        return [row for row in self._rows() if row.use.point.id in chosen]

    def _open(self) -> None:
        self.point_opened.emit(self._chosen()[0].use.point.id)

    def _take(self) -> None:
        self.edition_taken.emit([row.use.point for row in self._chosen()])


def _use_row(use: BearingUse, plant: Plant, newest: int) -> UseRow:
    machine = plant.machine_of(use.point.asset_id)
    return UseRow(use, f"{machine.name} / {use.point.name}", use_words(use, newest))


def _origin(bearing: BearingType) -> str:
    return tr(
        "Bearings",
        "Edition {edition}. Slip tolerance {slip} %. Source: {source}",
        edition=bearing.edition,
        slip=shown_number(100 * bearing.slip_tolerance),
        source=bearing.geometry.source or tr("Bearings", "not given"),
    )
