"""The table of every screen: fixed rows, updates move neither selection nor scroll."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from ui import text
from ui.theme import CAPTION, MEDIUM, font
from ui.widgets.cell_delegate import CellDelegate
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.table_model import VALUE_ROLE, CellKind, Column, RowsModel, words_of

ROW, ROW_COMPACT, ROW_TOUCH = 28, 24, 36


class DataTable(QTableView):
    """Shows rows of values; emits identities, never indexes.

    ``opened`` fires on Enter or double click, ``selection_changed`` whenever another set of rows is chosen.
    """

    opened = Signal(object)
    selection_changed = Signal()

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        name: str,
        identity: Callable[[Any], Hashable],
        is_bold: Callable[[Any], bool] | None = None,
        ends_group: Callable[[Any], bool] | None = None,
        row_height: int = ROW,
        is_on_panel: bool = False,
    ) -> None:
        """``is_on_panel`` gives the rows the ground of the card they stand on.

        A strong line follows the rows of which ``ends_group`` is true, while nothing else sorts them.
        """
        super().__init__()
        self._rows = RowsModel(
            columns, identity=identity, is_bold=is_bold, ends_group=ends_group, parent=self
        )
        self._clock = application_flash_clock()
        self._symbols = [place for place, each in enumerate(columns) if each.kind is CellKind.SYMBOL]
        self._is_listening = False
        self.setObjectName("table")
        self.setAccessibleName(name)
        self.setModel(self._rows)
        self.setProperty("onpanel", is_on_panel)
        self.setItemDelegate(CellDelegate(self._rows.columns, self, is_on_panel=is_on_panel))
        self._set_up_view(row_height)
        self._set_up_header()
        self.doubleClicked.connect(self._open_index)

    def _set_up_view(self, row_height: int) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setMinimumSectionSize(row_height)
        vertical.setDefaultSectionSize(row_height)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setFont(font(CAPTION, MEDIUM))
        header.setFixedHeight(ROW)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._sort_by)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._offer_columns)
        for place, column in enumerate(self._rows.columns):
            mode = QHeaderView.ResizeMode.Interactive if column.width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(place, mode)
            if column.width:
                header.resizeSection(place, column.width)

    def set_row_height(self, height: int) -> None:
        """Use another density: 28, compact 24 or touch 36."""
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show these rows; selection, scroll position and sort order stay [NEW-10]."""
        top = self.verticalScrollBar().value()
        anchor = self._rows.identity_at(top) if 0 < top < self._rows.rowCount() else None
        self._rows.set_rows(rows)
        if anchor is not None:
            place = self._rows.place_of(anchor)
            self.verticalScrollBar().setValue(top if place is None else place)

    @property
    def rows(self) -> RowsModel:
        """The model, for reading."""
        return self._rows

    def selected(self) -> list[Hashable]:
        """Return the identities chosen, in the order shown."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._rows.identity_at(place) for place in places]

    def select(self, identity: Hashable) -> bool:
        """Choose one row and bring it into view; False when it is not there."""
        place = self._rows.place_of(identity)
        if place is None:
            return False
        self.selectRow(place)
        self.setCurrentIndex(self._rows.index(place, 0))
        return True

    def visible(self) -> list[Hashable]:
        """Return the identities of the rows wholly in view, for "acknowledge what is visible"."""
        height = self.viewport().height()
        found = []
        for place in range(max(0, self.rowAt(0)), self._rows.rowCount()):
            index = self.visualRect(self._rows.index(place, 0))
            if index.bottom() >= height:
                break
            if index.top() >= 0:
                found.append(self._rows.identity_at(place))
        return found

    def use_short_titles(self, short: bool) -> None:
        """Head the columns with their short titles, for small windows."""
        self._rows.use_short_titles(short)

    def show_column(self, key: str, shown: bool) -> None:
        """Show or hide a column by its key."""
        for place, column in enumerate(self._rows.columns):
            if column.key == key:
                self.setColumnHidden(place, not shown)

    def resize_column(self, key: str, width: int) -> None:
        """Give a column of fixed width another one, in pixels."""
        for place, column in enumerate(self._rows.columns):
            if column.key == key:
                self.horizontalHeader().resizeSection(place, width)

    def copied_text(self) -> str:
        """Return the chosen rows, or all, with their headers as tab-separated text."""
        shown = [n for n in range(len(self._rows.columns)) if not self.isColumnHidden(n)]
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = ["\t".join(self._rows.columns[n].title for n in shown)]
        for place in places or range(self._rows.rowCount()):
            row = self._rows.row(place)
            lines.append("\t".join(words_of(self._rows.columns[n].value(row)) for n in shown))
        return "\n".join(lines)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copied_text())
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open_index(self.currentIndex())
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._listen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._listen(False)

    def _listen(self, listening: bool) -> None:
        """Follow the flash clock or not; Qt may hide a table that was never shown."""
        if self._symbols and listening is not self._is_listening:
            self._is_listening = listening
            ticked = self._clock.ticked
            ticked.connect(self._flash) if listening else ticked.disconnect(self._flash)

    def _flash(self) -> None:
        """Repaint the flashing symbols in view, nothing else."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return
        for place in range(first, (last if last >= 0 else self._rows.rowCount() - 1) + 1):
            for number in self._symbols:
                index = self._rows.index(place, number)
                shown = self._rows.data(index, VALUE_ROLE)
                if isinstance(shown, SymbolState) and shown.is_flashing:
                    self.viewport().update(self.visualRect(index))

    def _open_index(self, index: QModelIndex) -> None:
        self.opened.emit(self._rows.identity_at(index.row()))

    def _sort_by(self, section: int) -> None:
        """Go through ascending, descending and the order the rows come in."""
        header = self.horizontalHeader()
        if not self._rows.columns[section].is_sortable:
            return
        if not header.isSortIndicatorShown() or header.sortIndicatorSection() != section:
            header.setSortIndicatorShown(True)
            header.setSortIndicator(section, Qt.SortOrder.AscendingOrder)
        elif header.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder:
            header.setSortIndicator(section, Qt.SortOrder.DescendingOrder)
        else:
            header.setSortIndicatorShown(False)
            self._rows.sort(-1)
            return
        self._rows.sort(section, header.sortIndicatorOrder())

    def _offer_columns(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("menu")
        menu.setAccessibleName(text.tr("Table", "Columns"))
        for place, column in enumerate(self._rows.columns):
            if not column.is_hideable:
                continue
            action = QAction(column.title or column.key, menu)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setData(place)
            menu.addAction(action)
        menu.triggered.connect(self._toggle_column)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(at))

    def _toggle_column(self, action: QAction) -> None:
        self.setColumnHidden(int(action.data()), not action.isChecked())
