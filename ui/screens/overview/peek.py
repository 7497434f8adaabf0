"""Pop-over of a machine row: the last 24 hours of its vibration, gone with the next key."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from ui.formatting import PlantTime
from ui.screens.figures import Figure
from ui.screens.overview.state import AssetTrend
from ui.text import tr
from ui.widgets.figure_pane import FigurePane
from ui.widgets.panel import Panel
from ui.widgets.trend_plot import TrendCurve

WIDTH, HEIGHT = 460, 220
SPAN_S = 24 * 3600.0


class Peek(Panel):
    """A card over the screen. Space or Esc puts it away and gives the focus back."""

    def __init__(
        self, host: QWidget, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]
    ) -> None:
        super().__init__(tr("Overview", "24 h"), tr("Overview", "Space closes"))
        self.setParent(host)
        self._host, self._now_us = host, now_us
        self._came_from: QWidget | None = None
        self._pane = FigurePane(tr("Overview", "Trend"), plant_time=plant_time)
        self.body.addWidget(self._pane)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.resize(WIDTH, HEIGHT)
        self.hide()

    def open_at(self, place: QPoint, name: str, figure: Figure, came_from: QWidget) -> None:
        """Show the card near ``place`` of the host, wholly inside it."""
        host = self._host
        x = max(8, min(place.x(), host.width() - WIDTH - 8))
        below = place.y() + 8
        y = below if below + HEIGHT < host.height() else max(8, place.y() - HEIGHT - 40)
        self.move(x, y)
        self._came_from = came_from
        self.set_title(tr("Overview", "24 h"), name)
        tag = figure.tag
        self._pane.show_figure(
            TrendCurve(tag.key, figure.name, tag.unit, tag.digits),
            scale=figure.scale,
            band=figure.normal,
            limits=figure.limit_lines,
        )
        self._pane.plot.set_span(SPAN_S, now_us=self._now_us())
        self._pane.plot.set_y(*figure.scale)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def show_trend(self, trend: AssetTrend) -> None:
        """Draw what came from the disk."""
        for columns in trend.columns:
            self._pane.show_history(columns)
        self._pane.set_events(trend.events)

    def put_away(self) -> None:
        """Close and give the focus back."""
        if self.isHidden():
            return
        self.hide()
        if self._came_from is not None:
            self._came_from.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.put_away()
