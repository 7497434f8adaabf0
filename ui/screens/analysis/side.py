"""Readings against their baseline and what they mean: beside the plots, or in the drawer."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.screens.analysis.facts import FactSheet
from ui.screens.analysis.readings_table import ReadingRow, make_readings_table
from ui.text import tr
from ui.widgets.data_table import ROW, ROW_COMPACT
from ui.widgets.panel import HEADER_HEIGHT, Panel

GAP = 8
LOWEST_TABLE, MOST_ROWS = 200, 13


class SidePanel(QWidget):
    """The table above the diagnosis."""

    def __init__(self) -> None:
        super().__init__()
        self.table = make_readings_table()
        self.diagnosis = FactSheet(tr("Analysis", "Diagnosis"))
        self._readings = Panel(tr("Analysis", "Readings"), tr("Analysis", "now against baseline"), padding=1)
        self._readings.body.addWidget(self.table)
        self._diagnosis = Panel(tr("Analysis", "Diagnosis"))
        self._diagnosis.body.addWidget(self.diagnosis)
        self._diagnosis.body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._readings, 3)
        column.addWidget(self._diagnosis, 2)

    def show_readings(self, rows: Sequence[ReadingRow]) -> None:
        """Show the table at its full height: it never scrolls where there is room."""
        self.table.set_rows(rows)
        height = len(rows) * ROW_COMPACT + ROW + HEADER_HEIGHT + 12
        if self._readings.maximumHeight() != height:
            self._readings.setMaximumHeight(height)
            self._readings.setMinimumHeight(min(height, LOWEST_TABLE))
            self.table.setMinimumHeight(min(height - HEADER_HEIGHT - 12, MOST_ROWS * ROW_COMPACT))

    def set_source(self, words: str) -> None:
        """Say what the diagnosis was made from."""
        self._diagnosis.set_context(words)
