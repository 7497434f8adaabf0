"""The last readings of a value, what was corrected, and the form that corrects one with a reason [ACQ-5]."""

from collections.abc import Callable, Sequence
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from domain.plant.tags import Tag
from services.reports import MissedView, ReadingView
from ui.formatting import UNKNOWN_VALUE, PlantTime, Presentation, present, unit_symbol
from ui.screens.reporting.correction_form import CorrectionForm
from ui.screens.reporting.words import author_words, past_lines, usual_words
from ui.text import tr
from ui.theme import CAPTION, NAME
from ui.widgets.data_table import ROW, ROW_COMPACT, DataTable
from ui.widgets.key_button import KeyButton, ToolButton
from ui.widgets.panel import label
from ui.widgets.table_model import CellKind, Column

Attempt = ReadingView | MissedView
MOST_ROWS = 12


class PastReadings(QWidget):
    """Shows readings of one value; the chosen one is told in full below them."""

    back_asked = Signal()
    chosen = Signal()
    corrected = Signal()

    def __init__(self, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._plant_time, self._now_us = plant_time, now_us
        self._name = label("", size=NAME, strong=True)
        self._about = label("", size=CAPTION, role="caption")
        self._back = ToolButton(tr("Reporting", "All values"))
        self._back.setCheckable(False)
        self.table = DataTable(
            self._columns(), name=tr("Reporting", "Last readings"), identity=_id, row_height=ROW_COMPACT,
            is_on_panel=True,
        )  # fmt: skip
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._told = label("")
        self._told.setWordWrap(True)
        self._told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.correct = KeyButton(tr("Reporting", "Correct\u2026"))
        self.form = CorrectionForm()
        self._rows: Sequence[Attempt] = ()
        self.tag: Tag | None = None
        """The value shown."""
        self._build()

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("time", tr("Reporting", "Time"), self._stamp, width=104, tip=self._tip, is_weak=True),
            Column("value", tr("Reporting", "Value"), _value, CellKind.NUMBER, 80, decimals=2),
            Column("unit", tr("Reporting", "Unit"), _unit, width=52, is_weak=True),
            Column("who", tr("Reporting", "Who"), author_words, tip=author_words),
        )

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._back)
        column.addLayout(head)
        column.addWidget(self._about)
        column.addWidget(self.table)
        column.addSpacing(8)
        column.addWidget(self._told)
        column.addSpacing(4)
        column.addWidget(self.correct)
        column.addWidget(self.form)
        column.addStretch(1)
        self.form.hide()
        self._back.clicked.connect(self.back_asked)
        self.table.selection_changed.connect(self._choose)
        self.correct.clicked.connect(self._open_form)
        self.form.given_up.connect(self._shut_form)
        self.form.sent.connect(self.corrected)

    # ---- what it shows

    def show_waiting(self, tag: Tag) -> None:
        """Name the value whose readings are being read."""
        self.show_value(tag, ())
        self._told.setText("")

    def show_value(self, tag: Tag, rows: Sequence[Attempt], *, chosen: UUID | None = None) -> None:
        """Show the readings of a value, the newest first, and choose one."""
        self._rows, self.tag = rows, tag
        self._name.setText(tag.label)
        self._about.setText(usual_words(tag))
        self.table.set_rows(rows)
        self.table.setFixedHeight(ROW + ROW_COMPACT * min(MOST_ROWS, len(rows)) + 2)
        self.table.setVisible(bool(rows))
        self._shut_form()
        if not rows:
            self._told.setText(tr("Reporting", "Nobody has read this value yet."))
            self.correct.setVisible(False)
        elif chosen is None or not self.table.select(chosen):
            self.table.select(rows[0].id)
        self._choose()

    def begin(self) -> None:
        """Let the arrow keys walk the readings."""
        self.table.setFocus()

    @property
    def current(self) -> Attempt | None:
        """The reading chosen."""
        ids = self.table.selected()
        return next((each for each in self._rows if ids and each.id == ids[0]), None)

    @property
    def told(self) -> str:
        """What is told of the reading chosen."""
        return self._told.text()

    def allow_correction(self, no_right: str) -> None:
        """Offer the correction; ``no_right`` says who may when this person may not."""
        self.correct.setEnabled(not no_right)
        self.correct.setToolTip(no_right)
        if no_right:
            self._told.setText(f"{self._told.text()}\n{no_right}".strip())

    # ---- what the operator does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the form before it leaves the drawer."""
        if event.key() == Qt.Key.Key_Escape and self.form.isVisible():
            self._shut_form()
            self.begin()
            return
        super().keyPressEvent(event)

    def _choose(self) -> None:
        row = self.current
        if row is None:
            return
        self._shut_form()
        self._told.setText("\n".join(past_lines(row, self._plant_time(), now_us=self._now_us())))
        self.correct.setVisible(isinstance(row, ReadingView))
        self.chosen.emit()

    def _open_form(self) -> None:
        row = self.current
        if isinstance(row, ReadingView):
            self.form.open_for(row)
            self.correct.setVisible(False)

    def _shut_form(self) -> None:
        self.form.hide()
        self.correct.setVisible(isinstance(self.current, ReadingView))

    def _stamp(self, row: Attempt) -> str:
        return self._plant_time().brief(row.at_us, now_us=self._now_us())

    def _tip(self, row: Attempt) -> str:
        return self._plant_time().tip(row.at_us)


def _id(row: Attempt) -> UUID:
    return row.id


def _unit(row: Attempt) -> str:
    return unit_symbol(row.tag.unit)


def _value(row: Attempt) -> Presentation:
    if isinstance(row, MissedView):
        return UNKNOWN_VALUE
    return present(row.reading.value, unit=row.tag.unit, digits=row.tag.digits)
