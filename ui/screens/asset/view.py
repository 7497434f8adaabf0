"""Asset: head, plant tree, measurement points, trend stack, and reasons, limits and events at the right."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui.context import Context
from ui.screens.asset.header import AssetHeader
from ui.screens.asset.panels import PointsPanel, StackPanel, TreePanel
from ui.screens.asset.side_panels import LimitsPanel, WhyPanel, machine_events
from ui.text import tr
from ui.widgets.key_button import SegmentedButtons
from ui.widgets.panel import Panel

NARROW_BELOW, LOW_BELOW = 1500, 760
TREE_WIDTH, SIDE_WIDTH, SIDE_NARROW = 280, 428, 420
SMALLEST = QSize(940, 540)


class AssetView(QWidget):
    """Builds and arranges; the tree goes into the drawer and the side becomes tabs when it is narrow."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.header, self.tree, self.points = AssetHeader(), TreePanel(), PointsPanel()
        self.stack = StackPanel(context.plant_time)
        self.why, self.limits = WhyPanel(), LimitsPanel()
        self.events = machine_events(context.plant_time, context.clock.now_us)
        self._tabs = SegmentedButtons(
            [
                ("why", tr("Asset", "Why")),
                ("limits", tr("Asset", "Limits")),
                ("events", tr("Asset", "Events")),
            ],
            name=tr("Asset", "Details"),
        )
        self._pages = QStackedWidget()
        self._is_narrow: bool | None = None
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.header)
        body = QHBoxLayout()
        body.setSpacing(12)
        self.tree.setFixedWidth(TREE_WIDTH)
        body.addWidget(self.tree)
        middle = QVBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.points, 27)
        self._lower = QHBoxLayout()
        self._lower.setSpacing(12)
        self._lower.addWidget(self.stack, 1)
        middle.addLayout(self._lower, 60)
        body.addLayout(middle, 1)
        self._side = QVBoxLayout()
        self._side.setSpacing(10)
        self._side_box = QWidget()
        self._side_box.setLayout(self._side)
        self._side.setContentsMargins(0, 0, 0, 0)
        self._side.addWidget(self._tabs)
        self._side.addWidget(self._pages, 1)
        body.addWidget(self._side_box)
        self._body = body
        column.addLayout(body, 1)
        self._tabs.chosen.connect(self._show_tab)

    def _show_tab(self, key: str) -> None:
        self._pages.setCurrentIndex(("why", "limits", "events").index(key))

    @property
    def is_narrow(self) -> bool:
        """Whether the tree lives in the drawer."""
        return self.width() < NARROW_BELOW

    def open_tree(self) -> None:
        """Show the tree in the drawer."""
        self._context.open_drawer(tr("Asset", "Assets"), self.tree)
        self.tree.table.setFocus()

    def minimumSizeHint(self) -> QSize:
        """The smallest window, whatever the present arrangement needs."""
        return SMALLEST

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.stack.set_narrow(self.height() < LOW_BELOW)
        if self.is_narrow is not self._is_narrow:
            self._is_narrow = self.is_narrow
            self._arrange(self.is_narrow)

    def _arrange(self, narrow: bool) -> None:
        self.header.set_narrow(narrow)
        self._tabs.setVisible(narrow)
        self._pages.setVisible(narrow)
        panels: tuple[Panel, ...] = (self.why, self.limits, self.events)
        if narrow:
            self._body.removeWidget(self._side_box)
            self._lower.addWidget(self._side_box)
            self._side_box.setFixedWidth(SIDE_NARROW)
            for panel in panels:
                self._pages.addWidget(panel)
            self._show_tab(self._tabs.current)
            self.tree.hide()
            return
        if self.tree.isVisible():
            self._context.close_drawer()  # what else stands in the drawer stays open
        self._lower.removeWidget(self._side_box)
        self._body.addWidget(self._side_box)
        self._side_box.setFixedWidth(SIDE_WIDTH)
        for panel, share in zip(panels, (0, 4, 5), strict=True):
            self._side.addWidget(panel, share)
            panel.show()
        self.tree.setFixedWidth(TREE_WIDTH)
        self._body.insertWidget(0, self.tree)
        self.tree.show()
