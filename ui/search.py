"""Search everything: one field, one list under it, arrows and Enter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui.icons import draw_icon
from ui.shortcuts import SHORTCUTS
from ui.text import tr
from ui.theme import BODY, CAPTION, MEDIUM, application_theme, font
from ui.widgets import drawing

ROW_HEIGHT, MOST_ROWS, PER_PROVIDER = 32, 12, 8
HIT_ROLE = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something found. ``address`` is gone to; an ``act`` of the shell is done instead when it is set."""

    title: str
    detail: str
    icon: str
    address: str = ""
    act: str = ""


class SearchProvider(Protocol):
    """Finds hits of one kind; answers from memory, at once."""

    def find(self, words: str, *, limit: int) -> Sequence[SearchHit]:
        """Return the best hits first, none for no match."""
        ...


class ActProvider:
    """Finds the acts of the shell by their words."""

    def find(self, words: str, *, limit: int) -> Sequence[SearchHit]:
        wanted = words.casefold()
        found = [
            SearchHit(tr("Keys", each.words), each.keys, "chevron-right", act=each.act)
            for each in SHORTCUTS
            if each.act and wanted in tr("Keys", each.words).casefold()
        ]
        return found[:limit]


class _HitDelegate(QStyledItemDelegate):
    """Icon, title, and what it is at the right."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = application_theme()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens, hit = self._theme.tokens, index.data(HIT_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(area, QColor(tokens.selection))
        draw_icon(
            painter, hit.icon, x=area.left() + 8, y=area.center().y() - 9, size=18, colour=tokens.text_2
        )
        row = area.adjusted(36, 0, -10, 0)
        face, small = font(BODY, MEDIUM), font(CAPTION)
        title = min(drawing.width_of(hit.title, face) + 2, row.width() * 0.7)
        drawing.text(
            painter,
            QRectF(row.left(), row.top(), title, row.height()),
            hit.title,
            face=face,
            colour=tokens.text_1,
        )
        rest = row.adjusted(title + 12, 0, 0, 0)
        drawing.text(painter, rest, hit.detail, face=small, colour=tokens.text_3, align=drawing.RIGHT)


class SearchField(QLineEdit):
    """The field in the top bar, with its drawing and its key."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setObjectName("field")
        self.setFont(font(BODY))
        self.setTextMargins(24, 0, 0, 0)
        self.setFixedHeight(ROW_HEIGHT)
        self.setPlaceholderText(tr("Search", "Search"))
        self.setAccessibleName(tr("Search", "Search everything"))
        self.setAccessibleDescription("Ctrl+K")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        tokens = self._theme.tokens
        painter = QPainter(self)
        draw_icon(painter, "search", x=9, y=self.height() / 2 - 9, size=18, colour=tokens.text_2)
        if not self.text():
            area = QRectF(self.rect()).adjusted(0, 0, -10, 0)
            face = font(CAPTION)
            drawing.text(painter, area, "Ctrl+K", face=face, colour=tokens.text_3, align=drawing.RIGHT)
        painter.end()


class SearchPalette(QFrame):
    """The list under the search field. The field keeps the focus; arrows, Enter and Esc work from there."""

    chosen = Signal(object)
    """The SearchHit taken."""

    def __init__(self, field: QLineEdit, host: QWidget) -> None:
        super().__init__(host)
        self._field, self._host = field, host
        self._theme = application_theme()
        self._providers: list[SearchProvider] = [ActProvider()]
        self._list = QListWidget(self)
        self._list.setObjectName("list")
        self._list.setAccessibleName(tr("Search", "Found"))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setItemDelegate(_HitDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemClicked.connect(self._take)
        self.setFrameShape(QFrame.Shape.Box)
        field.textEdited.connect(self._look_up)
        field.installEventFilter(self)
        self.hide()

    def add_provider(self, provider: SearchProvider) -> None:
        """Search there too; earlier providers come first."""
        self._providers.insert(len(self._providers) - 1, provider)

    @property
    def hits(self) -> list[SearchHit]:
        """What is listed now."""
        return [self._list.item(row).data(HIT_ROLE) for row in range(self._list.count())]

    def begin(self) -> None:
        """Put the focus into the field."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()
        self._look_up(self._field.text())

    def _look_up(self, words: str) -> None:
        self._list.clear()
        wanted = words.strip()
        if not wanted:
            self.hide()
            return
        for provider in self._providers:
            for hit in provider.find(wanted, limit=PER_PROVIDER):
                item = QListWidgetItem(f"{hit.title}, {hit.detail}")
                item.setData(HIT_ROLE, hit)
                self._list.addItem(item)
        if not self._list.count():
            nothing = SearchHit(tr("Search", "Nothing found for '{words}'", words=wanted), "", "search")
            item = QListWidgetItem(nothing.title)
            item.setData(HIT_ROLE, nothing)
            self._list.addItem(item)
        self._list.setCurrentRow(0)
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        rows = min(MOST_ROWS, self._list.count())
        width = max(420, self._field.width())
        corner = self._field.mapTo(self._host, QPoint(self._field.width() - width, self._field.height() + 4))
        self.setGeometry(corner.x(), corner.y(), width, rows * ROW_HEIGHT + 4)
        self._list.setGeometry(2, 2, width - 4, rows * ROW_HEIGHT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event.key())
        return False

    def _key(self, key: int) -> bool:
        row = self._list.currentRow()
        match key:
            case Qt.Key.Key_Down:
                self._list.setCurrentRow(min(self._list.count() - 1, row + 1))
            case Qt.Key.Key_Up:
                self._list.setCurrentRow(max(0, row - 1))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if not self.isHidden() and row >= 0:
                self._take(self._list.item(row))
            case Qt.Key.Key_Escape:
                self.hide()
                self._field.clear()
                self._host.setFocus()
            case _:
                return False
        return True

    def _take(self, item: QListWidgetItem) -> None:
        hit = item.data(HIT_ROLE)
        if not hit.address and not hit.act:
            return
        self.hide()
        self._field.clear()
        self._host.setFocus()
        self.chosen.emit(hit)
