"""One pane of the screen Trends: curves of one unit and the table beside them."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.formatting import PlantTime, unit_symbol
from ui.screens.figures import Figure
from ui.screens.trends.cursor_table import CursorTable
from ui.screens.trends.scale import limit_lines
from ui.screens.trends.selection import PaneSpec
from ui.text import tr
from ui.theme import BODY, CAPTION
from ui.widgets.panel import label
from ui.widgets.trend_plot import TrendPlot


class TrendPane(QWidget):
    """Title with unit, curves, and the table of the cursors."""

    def __init__(self, number: int, *, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__()
        self.title, self.unit = label("", size=BODY, strong=True, role="title"), label("", size=CAPTION)
        self.unit.setObjectName("caption")
        self.plot = TrendPlot(
            tr("Trends", "Pane {number}", number=number),
            plant_time=plant_time,
            has_time_axis=False,
            has_readout=False,
        )
        self.plot.setMinimumHeight(64)
        self.table = CursorTable()
        head = QHBoxLayout()
        head.setContentsMargins(8, 2, 0, 0)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.unit)
        head.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addLayout(head)
        left.addWidget(self.plot, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addLayout(left, 1)
        row.addWidget(self.table)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)

    def show_spec(self, spec: PaneSpec, names: Sequence[str], figures: Sequence[Figure]) -> None:
        """Name the pane and its curves, draw band and limits."""
        symbol = unit_symbol(spec.unit)
        self.title.setText(spec.title)
        self.unit.setText(symbol)
        self.plot.set_curves(spec.curves(names))
        self.plot.pane.setAccessibleName(f"{spec.title}, {symbol}: {', '.join(names)}")
        self.show_bands(figures)

    def show_bands(self, figures: Sequence[Figure]) -> None:
        """Draw the normal band of the first curve and the limits of all."""
        self.plot.pane.set_band(figures[0].normal if figures else None)
        self.plot.pane.set_limits(limit_lines(figures))
