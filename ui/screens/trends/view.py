"""Widgets of the screen Trends: tags at the left, panes over one time axis, the navigator below."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from ui.formatting import PlantTime
from ui.screens.trends.cursor_table import WIDTH, WIDTH_NARROW
from ui.screens.trends.lanes import TimeLanes
from ui.screens.trends.navigator import Navigator
from ui.screens.trends.pane import TrendPane
from ui.screens.trends.selection import MOST_PANES
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.key_button import KeyButton, SegmentedButtons
from ui.widgets.notices import EmptyState, NoPlant
from ui.widgets.panel import Panel, Separator, label
from ui.widgets.plot_group import PlotGroup
from ui.widgets.row_list import TAGS_MIME, RowList

NARROW_BELOW = 1500
LEFT, LEFT_NARROW = 312, 288
UNIT_WIDTH = 44
SPANS = (("1", "1 h"), ("8", "8 h"), ("24", "24 h"), ("168", "7 d"), ("720", "30 d"))
OTHER_SPANS = (
    ("0.25", "15 min"),
    ("2", "2 h"),
    ("4", "4 h"),
    ("72", "3 d"),
    ("336", "14 d"),
    ("1440", "60 d"),
    ("2160", "90 d"),
)


class TrendsView(QWidget):
    """Builds the widgets and says what was pressed."""

    pause_asked = Signal()
    export_asked = Signal()
    span_chosen = Signal(float)
    tags_dropped = Signal(tuple)

    def __init__(self, *, plant_time: Callable[[], PlantTime], go: Callable[[str], bool]) -> None:
        super().__init__()
        self._go = go
        self.panes = [TrendPane(number + 1, plant_time=plant_time) for number in range(MOST_PANES)]
        self.group = PlotGroup(self)
        self.lanes = TimeLanes(self.panes[0].plot.pane)
        self.navigator = Navigator(plant_time=plant_time)
        self._make_browser()
        self._make_header()
        self.setAcceptDrops(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.browser)
        row.addWidget(self._centre(), 1)
        for keys, act in (("Ctrl+E", self.export_asked), ("Space", self.pause_asked)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    # ---- parts

    def _make_browser(self) -> None:
        self.browser = Panel(tr("Trends", "Tags"), padding=1)
        self.search = QLineEdit()
        self.search.setObjectName("field")
        self.search.setPlaceholderText(tr("Trends", "Find tags   Ctrl+F"))
        self.search.setAccessibleName(tr("Trends", "Find tags"))
        self.search.setClearButtonEnabled(True)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(8, 4, 8, 4)
        inner.addWidget(self.search)
        self.list = RowList(tr("Trends", "Tags"), unit_width=UNIT_WIDTH, follows_arrows=False)
        self.browser.body.addWidget(holder)
        self.browser.body.addWidget(self.list.scroller(), 1)

    def _make_header(self) -> None:
        self.spans = SegmentedButtons(SPANS, name=tr("Trends", "Time shown"), current="8")
        self.spans.chosen.connect(self._on_span)
        self.other = KeyButton(tr("Trends", "Other\u2026"))
        self.other.clicked.connect(self._offer_spans)
        self.window_words = label("", size=CAPTION, strong=True)
        self.resolution_words = label("", size=CAPTION, role="caption")
        for each in (self.window_words, self.resolution_words):
            each.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.mode = label("", strong=True)
        self.mode.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.export_button = KeyButton(tr("Trends", "Export"), key="Ctrl+E")
        self.pause_button = KeyButton(tr("Trends", "Pause"), key=tr("Keys", "Space"))
        self.pause_button.setMinimumWidth(124)
        self.export_button.clicked.connect(self.export_asked)
        self.pause_button.clicked.connect(self.pause_asked)

    def _centre(self) -> QWidget:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._header_row())
        self.sheet = self._sheet()
        self._stack_holder = QWidget()
        self._stack = QStackedLayout(self._stack_holder)
        self._stack.addWidget(self.sheet)
        none_chosen = EmptyState(
            tr("Trends", "No tags chosen."), why=tr("Trends", "Tick tags on the left or drag them here.")
        )
        for page in (none_chosen, NoPlant(tr("Trends", "No tags are set up yet."), go=self._go)):
            holder = Panel()
            holder.body.addWidget(page)
            self._stack.addWidget(holder)
        column.addWidget(self._stack_holder, 1)
        self._below = Panel(padding=2)
        self._below.body.addWidget(self.navigator)
        self._below.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column.addWidget(self._below)
        return centre

    def _header_row(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.window_words)
        words.addWidget(self.resolution_words)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.spans)
        row.addWidget(self.other)
        row.addSpacing(4)
        row.addLayout(words, 1)
        row.addWidget(self.mode)
        row.addWidget(self.export_button)
        row.addWidget(self.pause_button)
        return row

    def _sheet(self) -> Panel:
        sheet = Panel(padding=4)
        sheet.body.setSpacing(2)
        self._rules: list[QWidget] = []
        for place, pane in enumerate(self.panes):
            if place:
                rule = Separator()
                self._rules.append(rule)
                sheet.body.addWidget(rule)
            sheet.body.addWidget(pane, 1)
        self.cursor_words = label("", size=CAPTION)
        self.cursor_words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.cursor_words.setContentsMargins(8, 2, 0, 0)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.lanes, 1)
        row.addWidget(self.cursor_words)
        sheet.body.addLayout(row)
        return sheet

    # ---- places

    def show_panes(self, count: int, *, has_tags: bool) -> None:
        """Show so many panes; none at all shows what to do."""
        self._stack.setCurrentIndex(0 if count else 1 if has_tags else 2)
        self._below.setVisible(count > 0)
        for place, pane in enumerate(self.panes):
            pane.setVisible(place < count)
            if place:
                self._rules[place - 1].setVisible(place < count)
        self.group.set_panes([pane.plot.pane for pane in self.panes[:count]])
        if count:
            self.lanes.set_pane(self.panes[0].plot.pane)

    def show_window_words(self, window: str, resolution: str) -> None:
        """Say what the plots show and what a pixel stands for."""
        self.window_words.setText(window)
        self.window_words.setToolTip(window)
        self.resolution_words.setText(resolution)

    def show_mode(self, words: str, *, is_live: bool) -> None:
        """Say whether the plots follow the present."""
        self.mode.setText(words)
        self.pause_button.setText(tr("Trends", "Pause") if is_live else tr("Trends", "Live"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_BELOW
        self.browser.setFixedWidth(LEFT_NARROW if narrow else LEFT)
        for pane in self.panes:
            pane.table.setFixedWidth(WIDTH_NARROW if narrow else WIDTH)
        self.cursor_words.setFixedWidth(WIDTH_NARROW if narrow else WIDTH)

    # ---- acts

    def _on_span(self, key: str) -> None:
        self.span_chosen.emit(float(key))

    def _offer_spans(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("menu")
        menu.setAccessibleName(tr("Trends", "Time shown"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for hours, words in OTHER_SPANS:
            action = QAction(words, menu)
            action.setData(hours)
            menu.addAction(action)
        menu.triggered.connect(self._take_span)
        menu.popup(self.other.mapToGlobal(QPoint(0, self.other.height())))

    def _take_span(self, action: QAction) -> None:
        self.span_chosen.emit(float(action.data()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(TAGS_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        keys = keys_of(bytes(event.mimeData().data(TAGS_MIME).data()).decode())
        if keys:
            event.acceptProposedAction()
            self.tags_dropped.emit(keys)


def keys_of(words: str) -> tuple[int, ...]:
    """Return the tag keys of an address or of dragged data; what is no number is passed over."""
    parts: Sequence[str] = words.split(",")
    return tuple(dict.fromkeys(int(part) for part in parts if part.strip().isdigit()))
