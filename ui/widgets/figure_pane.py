"""A trend of one figure with its name above, its value at the right edge, band, limits and events."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from domain.ports import TrendColumns
from ui.formatting import UNKNOWN_VALUE, PlantTime, Presentation, unit_symbol
from ui.theme import BAR_VALUE, CAPTION, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.panel import label
from ui.widgets.plot_layers import EventMark, LimitLine
from ui.widgets.trend_plot import TrendCurve, TrendPlot, nice_range

VALUE_WIDTH = 64


class FigurePane(QWidget):
    """Name and unit above the plot, the present value beside it."""

    def __init__(self, name: str, *, plant_time: Callable[[], PlantTime], has_time_axis: bool = True) -> None:
        super().__init__()
        self.plot = TrendPlot(
            name, plant_time=plant_time, has_time_axis=has_time_axis, has_readout=False, top_margin=8
        )
        self._key: int | None = None
        self._scale = (0.0, 1.0)
        self._name = label("", size=CAPTION, strong=True)
        self._unit = label("", size=CAPTION, role="title")
        self._note = label("", size=CAPTION, role="caption")
        self._value = _EdgeValue(name)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._name)
        head.addWidget(self._unit)
        head.addStretch(1)
        head.addWidget(self._note)
        grid.addLayout(head, 0, 0, 1, 2)
        grid.addWidget(self.plot, 1, 0)
        grid.addWidget(self._value, 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(1, 1)
        self.setFocusProxy(self.plot)

    @property
    def tag_key(self) -> int | None:
        """The tag shown."""
        return self._key

    def show_figure(
        self,
        curve: TrendCurve,
        *,
        scale: tuple[float, float],
        band: tuple[float, float] | None,
        limits: Sequence[LimitLine],
    ) -> None:
        """Show a tag with its fixed scale; another tag empties the plot until its history comes."""
        self._scale = scale
        if self._key != curve.tag_key:
            self._key = curve.tag_key
            self.plot.set_events(())
            self._value.show_value(UNKNOWN_VALUE)
            self.plot.set_y(*scale)
        self._name.setText(curve.label)
        self._unit.setText(unit_symbol(curve.unit))
        self.plot.set_curves([curve])
        self.plot.pane.set_band(band)
        self.plot.pane.set_limits(limits)
        self.setAccessibleName(curve.label)

    def show_history(self, columns: TrendColumns) -> None:
        """Draw stored columns; the scale grows to hold them, it never shrinks by itself."""
        if columns.tag_key != self._key:
            return
        low, high = self._scale
        if len(columns.time_us):
            top, bottom = float(columns.maximum.max()), float(columns.minimum.min())
            if top > high or bottom < low:
                self._scale = nice_range(min(low, bottom), max(high, top * 1.05), parts=10)
                self.plot.set_y(*self._scale)
        self.plot.show_history(columns)

    def show_value(self, shown: Presentation) -> None:
        """Show the present value at the edge."""
        self._value.show_value(shown)

    def show_note(self, words: str) -> None:
        """Say something weak at the right above the plot."""
        self._note.setText(words)

    def set_events(self, events: Sequence[tuple[int, EventMark]]) -> None:
        """Show alarms on the time axis, instants in microseconds."""
        self.plot.set_events(events)


class _EdgeValue(QWidget):
    """Value over unit at the right of a plot."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self._shown: Presentation = UNKNOWN_VALUE
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def show_value(self, shown: Presentation) -> None:
        if shown != self._shown:
            self._shown = shown
            self.setAccessibleDescription(shown.spoken)
            self.setToolTip(shown.tip)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(VALUE_WIDTH, 40)

    def minimumSizeHint(self) -> QSize:
        return QSize(VALUE_WIDTH, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        row = QRectF(0, 4, self.width() - 2, 22)
        drawing.value(painter, row, self._shown, tokens=tokens, face=font(BAR_VALUE, SEMIBOLD))
        row = QRectF(0, 26, self.width() - 2, 16)
        words = self._shown.age or self._shown.unit
        drawing.text(painter, row, words, face=font(CAPTION), colour=tokens.text_2, align=drawing.RIGHT)
        painter.end()
