"""One plot: axes and view box of pyqtgraph around a raster layer; mouse and keys of the HMI guide, section 7.

The ranges are set by the screen or by the operator, never by the data: nothing autoranges on a live path.
"""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QGraphicsGridLayout,
    QGraphicsItem,
    QGraphicsView,
    QGraphicsWidget,
    QStyleOptionGraphicsItem,
    QWidget,
)

from ui.theme import Theme, application_theme
from ui.widgets import drawing, plot_layers
from ui.widgets.axis_items import PlainAxis
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.plot_gestures import PlotGestures
from ui.widgets.plot_layers import Backdrop, EventMark, Guide, LimitLine, Mapping, Spot, Stretch
from ui.widgets.raster_curve import Canvas, RasterCurve, Scratch, View, snapped
from ui.widgets.zoom_history import Ranges, ZoomHistory

LEFT_AXIS, BOTTOM_AXIS, TOP_MARGIN, RIGHT_MARGIN = 48, 20, 8, 12
SMALLEST_SPAN = 1e-9


def _shared_scratch(theme: Theme) -> Scratch:
    """Return the rasteriser's working memory of this application, kept beside its theme."""
    found = theme.property("raster_scratch")
    if not isinstance(found, Scratch):
        found = Scratch()
        theme.setProperty("raster_scratch", found)
    return found


class RasterLayer(QGraphicsItem):
    """Ground and curves as one image, blitted 1:1."""

    def __init__(self, pane: "PlotPane") -> None:
        super().__init__()
        self._pane = pane
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)

    def boundingRect(self) -> QRectF:
        return self._pane.frame

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        self._pane.paint_curves(painter)


class OverlayLayer(QGraphicsItem):
    """Cursors, marks and labels over the whole pane."""

    def __init__(self, pane: "PlotPane") -> None:
        super().__init__()
        self._pane = pane
        self.setZValue(10)

    def boundingRect(self) -> QRectF:
        return QRectF(self._pane.rect())

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        self._pane.paint_overlay(painter)


class PlotPane(pg.GraphicsView):  # type: ignore[misc]
    """A frame with two axes. Add curves once with ``add_curve``, fill them, then ``redraw``."""

    range_changed = Signal()
    """Any change of what is shown."""
    navigated = Signal()
    """The operator changed what is shown."""
    cursor_moved = Signal(str)
    """Cursor "A" or "B" was put, moved or taken away."""
    pause_asked = Signal()
    key_asked = Signal(int, bool)
    """A plain letter this pane does not know itself: key and whether Shift was held."""

    def __init__(
        self,
        *,
        name: str,
        x_axis: PlainAxis,
        y_axis: PlainAxis,
        top_margin: int = TOP_MARGIN,
        right_margin: int = RIGHT_MARGIN,
    ) -> None:
        super().__init__(useOpenGL=False)
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self.x_axis, self.y_axis = x_axis, y_axis
        self.curves: list[RasterCurve] = []
        self._pens: list[tuple[int, str]] = []
        self.answering: RasterCurve | None = None
        """The curve that cursors and steps follow; the first one added unless another is named."""
        self._canvas = Canvas(_shared_scratch(self._theme))
        self._backdrop = Backdrop()
        self._ground_is_old = self._curves_are_old = True
        self._cursors: dict[str, float] = {}
        self._guides: Sequence[Guide] = ()
        self._spots: Sequence[Spot] = ()
        self._events: Sequence[EventMark] = ()
        self._banner = ""
        self._full: Ranges | None = None
        self._view_box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0.0)
        self._view_box.disableAutoRange()
        self.frame = QRectF(0, 0, 1, 1)
        self.history = ZoomHistory()
        self._gestures = PlotGestures(self)
        self._lay_out(top_margin, right_margin)
        self._layer, self._overlay = RasterLayer(self), OverlayLayer(self)
        self.scene().addItem(self._layer)
        self.scene().addItem(self._overlay)
        self._view_box.sigRangeChanged.connect(self._on_range)
        self._view_box.sigResized.connect(self._on_resized)
        self._theme.changed.connect(self.recolour)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(name)
        self.setBackground(None)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.recolour()

    def _lay_out(self, top_margin: int, right_margin: int) -> None:
        root = QGraphicsWidget()
        grid = QGraphicsGridLayout(root)
        grid.setContentsMargins(0, top_margin, right_margin, 0)
        grid.setSpacing(0)
        grid.addItem(self.y_axis, 0, 0)
        grid.addItem(self._view_box, 0, 1)
        grid.addItem(self.x_axis, 1, 1)
        grid.setColumnStretchFactor(1, 100)
        grid.setRowStretchFactor(0, 100)
        self.x_axis.linkToView(self._view_box)
        self.y_axis.linkToView(self._view_box)
        self.setCentralItem(root)

    # ---- curves and what lies around them

    def add_curve(self, pen: int = 0, *, is_thick: bool = False, colour: str = "") -> RasterCurve:
        """Add a curve with pen number ``pen`` (0 is pen 1), or in a token named by ``colour``."""
        curve = RasterCurve(is_thick=is_thick, is_dashed=pen >= 6)
        self.curves.append(curve)
        self.answering = self.answering or curve
        self._pens.append((pen, colour))
        self.recolour()
        return curve

    def set_pen(self, curve: RasterCurve, pen: int) -> None:
        """Give a curve another pen number."""
        self._pens[self.curves.index(curve)] = (pen, "")
        curve.is_dashed = pen >= 6
        self.recolour()

    def redraw(self) -> None:
        """Paint the curves anew in the next frame; nothing happens while the plot is hidden."""
        self._curves_are_old = True
        self._layer.update()

    def set_band(self, band: tuple[float, float] | None) -> None:
        """Show the normal range of the y axis."""
        self._backdrop.band = band
        self._renew_ground()

    def set_limits(self, limits: Sequence[LimitLine]) -> None:
        """Show limits as dashed lines with their names."""
        self._backdrop.limits = tuple(limits)
        self._renew_ground()

    def set_hatched(self, stretches: Sequence[Stretch]) -> None:
        """Hatch stretches of x in which nothing is known."""
        self._backdrop.hatched = tuple(stretches)
        self._renew_ground()

    def set_guides(self, guides: Sequence[Guide]) -> None:
        """Show vertical guides with labels above the frame."""
        self._guides = tuple(guides)
        self.refresh_overlay()

    def set_spots(self, spots: Sequence[Spot]) -> None:
        """Show dots and labels on the curve."""
        if spots or self._spots:
            self._spots = tuple(spots)
            self.refresh_overlay()

    def set_events(self, events: Sequence[EventMark]) -> None:
        """Show alarms on the x axis."""
        self._events = tuple(events)
        self.refresh_overlay()

    def set_banner(self, words: str) -> None:
        """Show words such as "PAUSED 0:00:12" in the frame; empty takes them away."""
        if words != self._banner:
            self._banner = words
            self.refresh_overlay()

    def _renew_ground(self) -> None:
        self._ground_is_old = self._curves_are_old = True
        self._layer.update()

    def recolour(self) -> None:
        """Take the colours of the present theme."""
        tokens = self._theme.tokens
        for curve, (pen, token) in zip(self.curves, self._pens, strict=True):
            curve.colour = str(getattr(tokens, token)) if token else tokens.pen(pen)
        self.x_axis.recolour()
        self.y_axis.recolour()
        self._renew_ground()
        self.viewport().update()

    # ---- ranges

    @property
    def ranges(self) -> Ranges:
        """What is shown now."""
        (x_low, x_high), (y_low, y_high) = self._view_box.viewRange()
        return Ranges(x_low, x_high, y_low, y_high)

    def set_ranges(
        self, *, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None
    ) -> None:
        """Show these ranges; an empty or reversed one is ignored."""
        now = self.ranges
        x = x if x is not None and x[1] - x[0] > SMALLEST_SPAN else (now.x_low, now.x_high)
        y = y if y is not None and y[1] - y[0] > SMALLEST_SPAN else (now.y_low, now.y_high)
        self._view_box.setRange(xRange=x, yRange=y, padding=0, update=True, disableAutoRange=True)

    def set_full(self, *, x: tuple[float, float], y: tuple[float, float], show: bool = False) -> None:
        """Say what Home shows; ``show`` also goes there."""
        self._full = Ranges(x[0], x[1], y[0], y[1])
        if show:
            self.set_ranges(x=x, y=y)

    def navigate(self, *, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """Change ranges on the operator's behalf."""
        self.set_ranges(x=x, y=y)
        self.navigated.emit()

    def zoom(self, factor: float, *, at: float | None = None) -> None:
        """Zoom x about a place, its middle by default; a factor below 1 shows less."""
        now = self.ranges
        centre = (now.x_low + now.x_high) / 2 if at is None else at
        self.history.remember(now)
        self.navigate(x=(centre - (centre - now.x_low) * factor, centre + (now.x_high - centre) * factor))

    def pan(self, *, x: float = 0.0, y: float = 0.0) -> None:
        """Move by shares of what is shown."""
        now = self.ranges
        dx, dy = x * (now.x_high - now.x_low), y * (now.y_high - now.y_low)
        self.navigate(x=(now.x_low + dx, now.x_high + dx), y=(now.y_low + dy, now.y_high + dy))

    def zoom_back(self) -> None:
        """Take the last zoom back."""
        before = self.history.back()
        if before is not None:
            self.navigate(x=(before.x_low, before.x_high), y=(before.y_low, before.y_high))

    def zoom_full(self) -> None:
        """Show everything."""
        if self._full is not None:
            self.history.remember(self.ranges)
            self.navigate(x=(self._full.x_low, self._full.x_high), y=(self._full.y_low, self._full.y_high))

    # ---- cursors

    def cursor(self, name: str) -> float | None:
        """Return where cursor "A" or "B" stands."""
        return self._cursors.get(name)

    def set_cursor(self, name: str, x: float | None, *, quietly: bool = False) -> None:
        """Put a cursor, or take it away; ``quietly`` when another plot moved it."""
        if x is None:
            self._cursors.pop(name, None)
        else:
            self._cursors[name] = x
        self.refresh_overlay()
        if not quietly:
            self.cursor_moved.emit(name)

    # ---- painting

    @property
    def mapping(self) -> Mapping:
        """How values become pixels now."""
        now, ratio = self.ranges, self.devicePixelRatioF()
        width, height = round(self.frame.width() * ratio), round(self.frame.height() * ratio)
        return Mapping(self.frame, View(now.x_low, now.x_high, now.y_low, now.y_high, width, height))

    def paint_curves(self, painter: QPainter) -> None:
        """Paint ground and curves; called by the layer."""
        mapping = self.mapping
        if self._ground_is_old or self._canvas.size != (mapping.view.width, mapping.view.height):
            self._canvas.set_ground(self._ground(mapping))
            self._ground_is_old, self._curves_are_old = False, True
        if self._curves_are_old:
            self._canvas.draw(self.curves, mapping.view)
            self._curves_are_old = False
        painter.drawImage(self.frame.topLeft(), self._canvas.image)

    def _ground(self, mapping: Mapping) -> QImage:
        now = self.ranges
        return plot_layers.render_backdrop(
            self._backdrop,
            mapping,
            x_ticks=self.x_axis.major_ticks(now.x_low, now.x_high, length=self.frame.width()),
            y_ticks=self.y_axis.major_ticks(now.y_low, now.y_high, length=self.frame.height()),
            tokens=self._theme.tokens,
            ratio=self.devicePixelRatioF(),
        )

    def paint_overlay(self, painter: QPainter) -> None:
        """Paint what lies over the curves; called by the layer."""
        mapping, tokens = self.mapping, self._theme.tokens
        plot_layers.draw_guides(painter, self._guides, mapping, tokens)
        plot_layers.draw_spots(painter, self._spots, mapping, tokens)
        for name, x in self._cursors.items():
            y = self.answering.value_at(x) if self.answering is not None else None
            plot_layers.draw_cursor(painter, name, x, y=y, mapping=mapping, tokens=tokens)
        plot_layers.draw_events(painter, self._events, mapping, tokens=tokens, clock=self._clock)
        if self._banner:
            plot_layers.draw_banner(painter, self._banner, mapping, tokens)
        if self._gestures.zoom_box is not None:
            plot_layers.draw_zoom_box(painter, self._gestures.zoom_box, tokens)

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Fill with the card's colour, but not where the curves cover everything anyway."""
        if not self.frame.contains(rect):
            painter.fillRect(rect, self._theme.tokens.panel)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            drawing.focus_ring(painter, QRectF(self.viewport().rect()), self._theme.tokens)
            painter.end()

    def refresh_overlay(self) -> None:
        """Paint cursors and marks anew; an empty overlay is hidden and costs nothing."""
        has_content = bool(self._cursors or self._guides or self._spots or self._events or self._banner)
        self._overlay.setVisible(has_content or self._gestures.zoom_box is not None)
        self._overlay.update()

    def _on_range(self, *_: object) -> None:
        self._forget_axes()
        self._renew_ground()
        self.refresh_overlay()
        self.range_changed.emit()

    def _forget_axes(self) -> None:
        self.x_axis.forget()
        self.y_axis.forget()

    def _on_resized(self, *_: object) -> None:
        self._forget_axes()
        self._layer.prepareGeometryChange()
        self.frame = snapped(self._view_box.sceneBoundingRect())
        self._renew_ground()

    # ---- events of Qt, told to the gestures

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        overlay = self.__dict__.get("_overlay")
        if overlay is not None:
            overlay.prepareGeometryChange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.ticked.connect(self._flash)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.ticked.disconnect(self._flash)

    def _flash(self) -> None:
        if any(event.is_flashing for event in self._events):
            self.refresh_overlay()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._gestures.wheel(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._gestures.key(event):
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def where(self, at: QPointF) -> str:
        """Return which part lies at a pixel: "frame", "x", "y" or ""."""
        if self.frame.contains(at):
            return "frame"
        if at.y() > self.frame.bottom() and self.frame.left() <= at.x() <= self.frame.right():
            return "x"
        if at.x() < self.frame.left() and self.frame.top() <= at.y() <= self.frame.bottom():
            return "y"
        return ""
