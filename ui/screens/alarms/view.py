"""Alarms: tabs and filter, the list or the journal, what comes often, and the detail beside it."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from ui.context import Context
from ui.formatting import UNKNOWN, age
from ui.screens.alarms.detail import AlarmDetail
from ui.screens.alarms.state import AlarmRow, AlarmStatistics, Journal
from ui.screens.alarms.tables import active_table, journal_table
from ui.text import tr
from ui.widgets.count_bars import CountBars
from ui.widgets.data_table import ROW, ROW_COMPACT
from ui.widgets.key_button import KeyButton, SegmentedButtons
from ui.widgets.notices import EmptyState, Loading
from ui.widgets.panel import Panel
from ui.widgets.reason_bars import ReasonBars

NARROW_BELOW, LOW_BELOW = 1500, 760
DETAIL_WIDTH = 408
FLOOD = 10
SMALLEST = QSize(940, 540)


class AlarmsView(QWidget):
    """Builds and forwards."""

    tab_chosen = Signal(str)
    span_chosen = Signal(str)
    filter_changed = Signal(str)
    freeze_asked = Signal()
    newest_asked = Signal()
    export_asked = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.table = active_table()
        self.journal = journal_table(context.plant_time, context.clock.now_us)
        self.detail = AlarmDetail(context.plant_time)
        self._tabs = SegmentedButtons(
            [
                ("active", tr("Alarms", "Active")),
                ("unacknowledged", tr("Alarms", "Unacknowledged")),
                ("history", tr("Alarms", "History")),
            ],
            name=tr("Alarms", "Lists"),
        )
        self._span = SegmentedButtons(
            [("24h", tr("Alarms", "24 h")), ("7d", tr("Alarms", "7 d"))], name=tr("Alarms", "Period")
        )
        self._filter = QLineEdit()
        self._freeze = KeyButton(tr("Alarms", "Freeze"), key="F5")
        self._bar = KeyButton("")
        self._bars = CountBars(
            tr("Alarms", "New alarms per 10 minutes"), threshold=FLOOD,
            threshold_name=tr("Alarms", "Flood above {count}", count=FLOOD), plant_time=context.plant_time,
        )  # fmt: skip
        self._frequent = ReasonBars(
            tr("Alarms", "Most frequent alarms"), most=5, name_share=0.6, row_height=24
        )
        self._bars_panel = Panel(tr("Alarms", "New alarms per 10 min"), tr("Alarms", "last 8 h"))
        self._frequent_panel = Panel(tr("Alarms", "Most frequent"), tr("Alarms", "last 8 h"))
        self._detail_card = Panel()
        self._pages = QStackedWidget()
        self._loading, self._empty = Loading(), EmptyState(tr("Alarms", "No active alarms."))
        self._journal_empty = EmptyState(tr("Alarms", "No alarm was raised or cleared in this period."))
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addLayout(self._tool_row())
        left.addWidget(self._bar)
        self._bar.hide()
        self._bar.clicked.connect(self.newest_asked)
        card = Panel(padding=1)
        card.body.setContentsMargins(1, 1, 1, 1)
        for page in (self._loading, self._empty, self.table, self._journal_empty, self.journal):
            self._pages.addWidget(page)
        card.body.addWidget(self._pages)
        left.addWidget(card, 1)
        left.addLayout(self._lower_row())
        row.addLayout(left, 1)
        self._detail_card.body.addWidget(self.detail)
        self._detail_card.setFixedWidth(DETAIL_WIDTH)
        row.addWidget(self._detail_card)
        for keys, signal in (("Ctrl+E", self.export_asked),):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(signal)

    def _tool_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._tabs)
        row.addWidget(self._span)
        self._span.hide()
        row.addStretch(1)
        self._filter.setObjectName("field")
        self._filter.setClearButtonEnabled(True)
        self._filter.setPlaceholderText(tr("Alarms", "Filter  Ctrl+F"))
        self._filter.setAccessibleName(tr("Alarms", "Filter"))
        self._filter.setMinimumWidth(220)
        self._filter.textChanged.connect(self.filter_changed)
        row.addWidget(self._filter)
        self.export_button = KeyButton(tr("Alarms", "Export"), key="Ctrl+E")
        self.export_button.clicked.connect(self.export_asked)
        self._freeze.setCheckable(True)
        self._freeze.clicked.connect(self.freeze_asked)
        row.addWidget(self.export_button)
        row.addWidget(self._freeze)
        self._tabs.chosen.connect(self.tab_chosen)
        self._span.chosen.connect(self.span_chosen)
        return row

    def _lower_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        self._bars_panel.body.addWidget(self._bars)
        self._frequent_panel.body.addWidget(self._frequent)
        self._frequent_panel.body.addStretch(1)
        row.addWidget(self._bars_panel, 11)
        row.addWidget(self._frequent_panel, 10)
        return row

    # ---- showing

    def show_counts(self, counts: tuple[int, int] | None) -> None:
        """Word the tabs with what is listed and what waits; None while nobody knows."""
        total, waiting = (UNKNOWN, UNKNOWN) if counts is None else (str(counts[0]), str(counts[1]))
        self._tabs.set_words("active", tr("Alarms", "Active {count}", count=total))
        self._tabs.set_words("unacknowledged", tr("Alarms", "Unacknowledged {count}", count=waiting))

    def show_rows(
        self, rows: Sequence[AlarmRow], *, is_loaded: bool, is_known: bool, is_filtered: bool, tab: str
    ) -> None:
        """Show the active list or say calmly why it is empty."""
        self.table.set_rows(rows)
        if not is_loaded:
            self._pages.setCurrentWidget(self._loading)
            return
        if not rows and not is_known and not is_filtered:
            self._empty.set_words(
                tr("Alarms", "Alarms are not known."), tr("Alarms", "The list comes back by itself.")
            )
        elif not rows and is_filtered:
            self._empty.set_words(tr("Alarms", "No alarm matches the filter."))
        elif not rows and tab == "unacknowledged":
            self._empty.set_words(tr("Alarms", "Nothing waits for acknowledgement."))
        elif not rows:
            self._empty.set_words(
                tr("Alarms", "No active alarms."), tr("Alarms", "New ones appear here by themselves.")
            )
        self._pages.setCurrentWidget(self.table if rows else self._empty)

    def show_journal(self, journal: Journal | None) -> None:
        """Show the journal."""
        if journal is None:
            self._pages.setCurrentWidget(self._loading)
            return
        self.journal.set_rows(journal.rows)
        self._pages.setCurrentWidget(self.journal if journal.rows else self._journal_empty)
        tip = tr("Alarms", "Only the newest entries are shown.") if journal.is_cut else ""
        self._span.setToolTip(tip)

    def show_statistics(self, statistics: AlarmStatistics | None) -> None:
        """Show what came how often."""
        if statistics is None:
            return
        self._bars.show_counts(statistics.counts, start_us=statistics.start_us, end_us=statistics.end_us)
        now = statistics.counts[-1] if statistics.counts else 0
        self._bars_panel.set_context(tr("Alarms", "last 8 h, now {now}", now=now))
        self._frequent.show_reasons(
            statistics.frequent, sentence=tr("Alarms", "No alarm was raised in the last 8 hours.")
        )
        self._frequent_panel.set_context(tr("Alarms", "{total} new in 8 h", total=statistics.total))

    def show_standing(self, *, is_known: bool, frozen_s: float | None, new: int) -> None:
        """Say that the list stands still or is of the past, and how many alarms wait out of sight."""
        self._freeze.setChecked(frozen_s is not None)
        self._freeze.setText(tr("Alarms", "Freeze") if frozen_s is None else tr("Alarms", "Thaw"))
        parts = []
        if not is_known:
            parts.append(tr("Alarms", "NOT KNOWN: rows are as they were when the database last answered"))
        if frozen_s is not None:
            parts.append(tr("Alarms", "FROZEN for {age}: what you see does not change", age=age(frozen_s)))
        if new:
            parts.append(tr("Alarms", "{count} new \u2191", count=new))
        self._bar.setText("     ".join(parts))
        self._bar.setAccessibleName(self._bar.text())
        self._bar.setVisible(bool(parts))

    def show_tab(self, tab: str) -> None:
        """Bring a tab forward."""
        self._tabs.choose(tab)
        self._span.setVisible(tab == "history")
        self._freeze.setVisible(tab != "history")
        self._place_detail()

    def focus_filter(self) -> None:
        """Let the operator type a filter."""
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.selectAll()

    @property
    def is_history(self) -> bool:
        """Whether the journal is in front."""
        return self._tabs.current == "history"

    @property
    def is_at_top(self) -> bool:
        """Whether the first row is in view."""
        return self.table.verticalScrollBar().value() == 0

    def selected(self) -> list[UUID]:
        """Return the alarms chosen, in the order shown."""
        return [each for each in self.table.selected() if isinstance(each, UUID)]

    # ---- sizes

    @property
    def is_narrow(self) -> bool:
        """Whether the detail lives in the drawer."""
        return self.width() < NARROW_BELOW

    def minimumSizeHint(self) -> QSize:
        """The smallest window, whatever the present arrangement needs."""
        return SMALLEST

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow, low = self.is_narrow, self.height() < LOW_BELOW
        for table in (self.table, self.journal):
            table.set_row_height(ROW_COMPACT if low else ROW)
        self.table.show_column("owner", not narrow)
        self.journal.show_column("note", not narrow)
        for panel in (self._bars_panel, self._frequent_panel):
            panel.setFixedHeight(142 if low else 184)
        self._frequent.set_most(4 if low else 5)
        self._place_detail()

    def _place_detail(self) -> None:
        """Stand beside the list where there is room; the drawer takes the detail otherwise."""
        narrow = self.is_narrow
        if not narrow and self.detail.parent() is not self._detail_card:
            self._context.close_drawer()
            self._detail_card.body.addWidget(self.detail)
            self.detail.show()
        self._detail_card.setVisible(not narrow and not self.is_history)
