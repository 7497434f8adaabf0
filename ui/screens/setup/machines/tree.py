"""The tree of the plant: name, code, what still waits at the right. An update moves nothing [NEW-10]."""

from collections.abc import Collection, Sequence
from uuid import UUID

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView, QWidget

from domain.plant.assets import Asset, AssetKind
from ui.screens.setup.counted import counted_machines, counted_values
from ui.screens.setup.machines.nodes import Node, Thing, opened_at_first, walk
from ui.screens.setup.machines.words import kind_name, technique_name
from ui.text import tr, tr_n
from ui.theme import BODY, CAPTION, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing

ROW = 28
NODE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
UNSAVED_ROLE = NODE_ROLE + 1
Index = QModelIndex | QPersistentModelIndex


class PlantTree(QTreeView):
    """``chosen`` carries the id of what a person walked to or clicked."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._nodes: tuple[Node, ...] = ()
        self._current: UUID | None = None
        self._open: set[UUID] | None = None
        self._is_searching = False
        self._items: dict[UUID, QStandardItem] = {}
        self._rows = QStandardItemModel(self)
        self.setObjectName("tree")
        self.setAccessibleName(tr("Machines", "Plant"))
        self.setModel(self._rows)
        self.setItemDelegate(NodeDelegate(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(18)
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.expanded.connect(self._opened)
        self.collapsed.connect(self._closed)
        self.selectionModel().currentChanged.connect(self._walked)

    @property
    def current(self) -> UUID | None:
        """What is chosen."""
        return self._current

    def show_nodes(self, nodes: Sequence[Node], *, is_search: bool = False) -> None:
        """Show another plant, or the part that a search found, wholly open."""
        if tuple(nodes) == self._nodes and is_search is self._is_searching:
            return
        top = self.verticalScrollBar().value()
        self._nodes, self._is_searching = tuple(nodes), is_search
        if self._open is None and nodes:
            self._open = opened_at_first(nodes)
        self._fill()
        self._mark(self._current)
        self.verticalScrollBar().setValue(top)

    def choose(self, identity: UUID | None) -> None:
        """Choose without telling anyone, and bring it into view."""
        self._current = identity
        self._mark(identity)

    def mark_unsaved(self, things: Collection[UUID]) -> None:
        """Say at these that something typed there is not saved."""
        for identity, item in self._items.items():
            if bool(item.data(UNSAVED_ROLE)) is not (identity in things):
                item.setData(identity in things, UNSAVED_ROLE)

    def _fill(self) -> None:
        self._rows.clear()
        self._items = {}
        for node in self._nodes:
            self._rows.appendRow(self._item(node))
        wanted = {node.id for node in walk(self._nodes)} if self._is_searching else self._open or set()
        for identity, item in self._items.items():
            if identity in wanted and item.hasChildren():
                self.setExpanded(item.index(), True)

    def _item(self, node: Node) -> QStandardItem:
        item = QStandardItem(node.thing.name)
        item.setData(node, NODE_ROLE)
        item.setAccessibleText(spoken(node))
        item.setToolTip(spoken(node))
        self._items[node.id] = item
        for child in node.children:
            item.appendRow(self._item(child))
        return item

    def _mark(self, identity: UUID | None) -> None:
        item = self._items.get(identity) if identity is not None else None
        if item is None:
            self.setCurrentIndex(QModelIndex())
            return
        above = item.index().parent()
        while above.isValid():
            self.setExpanded(above, True)
            above = above.parent()
        self.setCurrentIndex(item.index())
        self.scrollTo(item.index())

    def _walked(self, now: QModelIndex, before: QModelIndex) -> None:
        node = now.data(NODE_ROLE) if now.isValid() else None
        if isinstance(node, Node) and node.id != self._current:
            self._current = node.id
            self.chosen.emit(node.id)

    def _opened(self, index: QModelIndex) -> None:
        if self._open is not None and not self._is_searching:
            self._open.add(index.data(NODE_ROLE).id)

    def _closed(self, index: QModelIndex) -> None:
        if self._open is not None and not self._is_searching:
            self._open.discard(index.data(NODE_ROLE).id)


class NodeDelegate(QStyledItemDelegate):
    """Paints a row: name, code weak behind it, counts at the right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = application_theme()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens, node = self._theme.tokens, index.data(NODE_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(tokens.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(tokens.raised))
        right = area.right() - 10
        small = font(CAPTION)
        note = note_of(node)
        width = drawing.width_of(note, small) + 2
        box = QRectF(right - width, area.top(), width, area.height())
        drawing.text(painter, box, note, face=small, colour=tokens.text_3, align=drawing.RIGHT)
        weak = code_of(node.thing)
        if index.data(UNSAVED_ROLE):
            weak = f"{weak}  {tr('Machines', 'not saved')}".strip()
        self._paint_name(painter, area.adjusted(4, 0, -width - 18, 0), node.thing, weak)

    def _paint_name(self, painter: QPainter, area: QRectF, thing: Thing, weak: str) -> None:
        tokens = self._theme.tokens
        is_upper = isinstance(thing, Asset) and thing.kind in (AssetKind.SITE, AssetKind.LINE)
        face, small = font(BODY, SEMIBOLD if is_upper else REGULAR), font(CAPTION)
        beside = drawing.width_of(weak, small) + 8 if weak else 0.0
        width = max(24.0, min(drawing.width_of(thing.name, face) + 1, area.width() - beside))
        words = QFontMetricsF(face).elidedText(thing.name, Qt.TextElideMode.ElideMiddle, width)
        box = QRectF(area.left(), area.top(), width, area.height())
        drawing.text(painter, box, words, face=face, colour=tokens.text_1)
        rest = QRectF(box.right() + 7, area.top(), beside, area.height())
        drawing.text(painter, rest, weak, face=small, colour=tokens.text_2)


def code_of(thing: Thing) -> str:
    """Return the code that stands beside the name; components and points have none of their own."""
    return thing.code if isinstance(thing, Asset) and thing.kind is not AssetKind.COMPONENT else ""


def note_of(node: Node) -> str:
    """Return what stands at the right: machines of a line, values of a machine, technique of a point."""
    if not isinstance(node.thing, Asset):
        return technique_name(node.thing.technique)
    if node.thing.kind in (AssetKind.SITE, AssetKind.LINE):
        return counted_machines(node.machines)
    if node.thing.kind is AssetKind.COMPONENT:
        return ""
    if node.waiting:
        return tr_n(
            "Machines",
            "{count} value, {waiting} waits",
            "{count} values, {waiting} wait",
            count=node.values,
            waiting=node.waiting,
        )
    return counted_values(node.values)


def spoken(node: Node) -> str:
    """Return kind, name, code and counts in one line."""
    parts = (kind_name(node.thing), node.thing.name, code_of(node.thing), note_of(node))
    return "  ".join(part for part in parts if part)
