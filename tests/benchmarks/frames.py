"""CPU time of a frame: the product's plots beside stock pyqtgraph curves and beside an empty page.

Each frame gives every plot new data and repaints the page synchronously at 1920 x 1080. The limit of a
figure is the same page with empty plots: what axes and views cost without a curve.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from ui.formatting import PlantTime
from ui.theme import application_theme
from ui.widgets.axis_items import PlainAxis
from ui.widgets.plot_pane import BOTTOM_AXIS, LEFT_AXIS, PlotPane
from ui.widgets.waterfall_plot import WaterfallPlot

WIDTH, HEIGHT = 1920, 1080
WARM_UP, FRAMES = 5, 40
POINTS = 4096


def page_of(widgets: list[QWidget], columns: int) -> QWidget:
    """Return a shown page of 1920 x 1080 with the widgets in a grid."""
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(4)
    for place, widget in enumerate(widgets):
        grid.addWidget(widget, place // columns, place % columns)
    page.resize(WIDTH, HEIGHT)
    page.show()
    QApplication.processEvents()
    return page


def _frame_ms(widgets: list[QWidget], feed: Callable[[int], None]) -> float:
    """Return the median CPU time of feeding and repainting all widgets."""
    costs = []
    for frame in range(WARM_UP + FRAMES):
        before = time.process_time()
        feed(frame)
        QApplication.processEvents()
        costs.append((time.process_time() - before) * 1000)
    return float(np.median(costs[WARM_UP:]))


def pane_of(points: int) -> tuple[PlotPane, Any]:
    """Return a plot with fixed axes and its curve."""
    pane = PlotPane(
        name="benchmark",
        x_axis=PlainAxis("bottom", extent=BOTTOM_AXIS),
        y_axis=PlainAxis("left", extent=LEFT_AXIS),
    )
    pane.set_full(x=(0, points), y=(-4, 4), show=True)
    return pane, pane.add_curve(0)


def _signals(points: int) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.normal(0, 1, points).astype(np.float32) for _ in range(8)]


def _raster(count: int, columns: int, points: int) -> float:
    panes = [pane_of(points) for _ in range(count)]
    signals = _signals(points)

    def feed(frame: int) -> None:
        for place, (pane, curve) in enumerate(panes):
            curve.set_samples(signals[(frame + place) % 8])
            pane.redraw()

    page = page_of([pane for pane, _ in panes], columns)
    cost = _frame_ms([pane for pane, _ in panes], feed)
    page.close()
    return cost


def _empty(count: int, columns: int) -> float:
    panes = [pane_of(POINTS)[0] for _ in range(count)]

    def feed(frame: int) -> None:
        for pane in panes:
            pane.redraw()

    page = page_of(list(panes), columns)
    cost = _frame_ms(list(panes), feed)
    page.close()
    return cost


def _stock(count: int, columns: int) -> float:
    widgets, curves, signals = [], [], _signals(POINTS)
    x = np.arange(POINTS, dtype=float)
    for _ in range(count):
        widget = pg.PlotWidget()
        curve = pg.PlotCurveItem(pen=pg.mkPen("#1F4E79", width=1))
        widget.addItem(curve)
        widget.setRange(xRange=(0, POINTS), yRange=(-4, 4), padding=0)
        widget.disableAutoRange()
        widgets.append(widget)
        curves.append(curve)

    def feed(frame: int) -> None:
        for place, curve in enumerate(curves):
            curve.setData(x, signals[(frame + place) % 8])

    page = page_of(widgets, columns)
    cost = _frame_ms(widgets, feed)
    page.close()
    return cost


def _mixed() -> float:
    """8 spectra of 3200 lines and 16 trends of 2000 min/max columns on one page."""
    spectra, trends = [pane_of(3200) for _ in range(8)], [pane_of(2000) for _ in range(16)]
    lines, values = _signals(3200), _signals(2000)
    x = np.arange(2000, dtype=float)

    def feed(frame: int) -> None:
        for place, (pane, curve) in enumerate(spectra):
            curve.set_samples(lines[(frame + place) % 8])
            pane.redraw()
        for place, (pane, curve) in enumerate(trends):
            low = values[(frame + place) % 8]
            curve.set_points(x, low, low + 0.2)
            pane.redraw()

    panes = [pane for pane, _ in spectra + trends]
    page = page_of(list(panes), 6)
    cost = _frame_ms(list(panes), feed)
    page.close()
    return cost


def _waterfall() -> tuple[float, float]:
    """Return the cost of the widget and of one bare scaled blit of the same size."""
    plot = WaterfallPlot("benchmark", rows=512, bins=1024, plant_time=PlantTime)
    row = np.abs(np.random.default_rng(1).normal(0, 1, 1024)).astype(np.float32)

    def feed(frame: int) -> None:
        plot.append(row, time_us=frame * 1_000_000, resolution_hz=1.0)

    page = page_of([plot], 1)
    cost = _frame_ms([plot], feed)
    page.close()
    bare = _Blit()
    page = page_of([bare], 1)
    limit = _frame_ms([bare], bare.tick)
    page.close()
    return cost, limit


class _Blit(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._image = QImage(1024, 512, QImage.Format.Format_RGB32)
        self._image.fill(0)

    def tick(self, frame: int) -> None:
        self.update()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.end()


def _line(name: str, value: float, limit: float, limit_name: str) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "ms CPU/frame",
        "limit": round(limit, 3),
        "limit_name": limit_name,
        "ratio": round(value / limit, 2) if limit > 0 else None,
    }


def run() -> Iterator[dict[str, object]]:
    """Yield one dictionary per figure."""
    application = QApplication.instance() or QApplication([])
    assert application is not None
    application_theme()
    empty = _empty(16, 4)
    yield _line("frame.16_plots_4096.raster", _raster(16, 4, POINTS), empty, "same page, empty plots")
    yield _line("frame.16_plots_4096.stock", _stock(16, 4), empty, "same page, empty plots")
    yield _line("frame.8_spectra_16_trends", _mixed(), _empty(24, 6), "same page, empty plots")
    cost, limit = _waterfall()
    yield _line("frame.waterfall_512x1024", cost, limit, "one scaled blit of the image")


def main(arguments: list[str]) -> int:
    """Print every figure as a line of JSON."""
    for figure in run():
        print(json.dumps(figure), flush=True)
    return 0
