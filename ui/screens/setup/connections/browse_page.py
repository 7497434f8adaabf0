"""Step 2 for devices that tell what they offer: their tree, with ticks."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from domain.plant.discovery import FoundItem
from services.link_values import place_key
from ui.formatting import unit_symbol
from ui.screens.setup.connections.chosen_panel import ChosenPanel
from ui.text import tr
from ui.theme import CAPTION, MEDIUM, font
from ui.widgets.form import HintLine, line_field
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.tick import TickDelegate

Path = tuple[str, ...]
NAME, VALUE, UNIT, TYPE = range(4)


class OfferNode(QTreeWidgetItem):
    """A place or value of the device; ``path`` are the names that lead to it, its own last."""

    def __init__(self, item: FoundItem, path: Path) -> None:
        unit = unit_symbol(item.unit) if item.unit else ""
        super().__init__([item.name, _short(item.value), unit, item.dtype])
        self.item, self.path = item, path
        self.is_loaded = False
        if item.has_children:
            self.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        if item.address is not None:
            self.setFlags(self.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            self.setCheckState(NAME, Qt.CheckState.Unchecked)
        self.setToolTip(NAME, "\n".join(filter(None, (" / ".join(path), item.description))))

    @property
    def is_ticked(self) -> bool:
        return self.checkState(NAME) is Qt.CheckState.Checked


class BrowsePage(QWidget):
    """Asks for what is below a place when it is opened; tells what was ticked."""

    opened = Signal(str)
    """A place whose content is wanted; "" is the device itself."""
    ticked = Signal(object, bool)
    """(path, FoundItem) pairs, and whether they are wanted."""
    below_asked = Signal(str, object)
    """A place and its path: everything below is wanted."""
    searched = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._nodes: dict[str, OfferNode] = {}
        self._ticks: frozenset[tuple[object, ...]] = frozenset()
        self._can_search = False
        self.search = line_field(tr("Link", "Search"), hint=tr("Link", "Search by name, Enter"))
        self.all_below = KeyButton(tr("Link", "Tick everything below"))
        self.again = KeyButton(tr("Link", "Read again"))
        self.said = HintLine()
        self.tree = _tree()
        self._empty = EmptyState("", act=tr("Link", "Try again"))
        self.chosen = ChosenPanel()
        self._build()

    def _build(self) -> None:
        card = Panel(tr("Link", "What the device offers"))
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.search, 1)
        tools.addWidget(self.all_below)
        tools.addWidget(self.again)
        card.body.addLayout(tools)
        card.body.addWidget(self.said)
        card.body.addWidget(self._empty, 1)
        card.body.addWidget(self.tree, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.addWidget(card)
        row.addLayout(left, 1)
        row.addWidget(self.chosen)
        self._empty.hide()
        self.tree.itemExpanded.connect(self._on_expanded)
        self.tree.itemChanged.connect(self._on_changed)
        self.tree.currentItemChanged.connect(self._look)
        self.search.returnPressed.connect(self._on_search)
        self.search.textChanged.connect(self._on_search_text)
        self.all_below.clicked.connect(self._on_all_below)
        self.again.clicked.connect(self.reread)
        self._empty.acted.connect(self.reread)
        self._look()

    # ---- what the presenter tells

    def begin(self, *, can_search: bool) -> None:
        """Forget another device; its top is asked for when this one is looked at."""
        self._can_search = can_search
        self._nodes = {}
        self.tree.clear()
        self.search.clear()

    @property
    def is_begun(self) -> bool:
        """Whether anything of the device is listed."""
        return self.tree.topLevelItemCount() > 0

    def reread(self) -> None:
        """Ask for the top of the device anew."""
        self._nodes = {}
        self.tree.clear()
        self.say_busy()
        self.opened.emit("")

    def show_items(self, place: str, items: Sequence[FoundItem]) -> None:
        """Put what lies below a place into the tree."""
        parent = self._nodes.get(place)
        if parent is None and place:
            return  # the tree was read anew meanwhile
        path: Path = () if parent is None else parent.path
        self._add(parent, [OfferNode(item, (*path, item.name)) for item in items])
        self.said.say("")
        if parent is None:
            self._show_tree(
                bool(items),
                tr("Link", "The device offers nothing."),
                tr(
                    "Link",
                    "It answers, but lists no value. Look at its own set-up, or narrow the topics less.",
                ),
            )
        if len(items) == 1 and items[0].has_children:
            self._nodes[items[0].place].setExpanded(True)

    def show_found(self, items: Sequence[FoundItem]) -> None:
        """Show what a search found instead of the tree."""
        self._nodes = {}
        self.tree.clear()
        self._add(None, [OfferNode(item, (item.name,)) for item in items])
        self._show_tree(
            bool(items),
            tr("Link", "No value has this in its name."),
            tr("Link", "Try a shorter word; an empty field brings the tree back."),
        )
        self.said.say(tr("Link", "{count} found. An empty field brings the tree back.", count=len(items)))

    def show_ticks(self, ticks: frozenset[tuple[object, ...]]) -> None:
        """Tick what is chosen."""
        self._ticks = ticks
        with QSignalBlocker(self.tree):
            for node in self._all_nodes():
                self._set_tick(node)

    def say(self, words: str, *, is_marked: bool = False) -> None:
        """Say something above the tree."""
        self.said.say(words, is_marked=is_marked)

    def say_busy(self) -> None:
        """Say that the device is being asked."""
        self._show_tree(True, "", "")
        self.said.say(tr("Link", "Asking the device\u2026"))

    def show_failed(self, words: str) -> None:
        """Say why nothing can be listed; what is listed stays."""
        self.said.say("" if not self.is_begun else words, is_marked=True)
        if not self.is_begun:
            self._show_tree(False, tr("Link", "The device cannot be looked at now."), words)

    # ---- inside

    def _add(self, parent: OfferNode | None, nodes: list[OfferNode]) -> None:
        with QSignalBlocker(self.tree):
            for node in nodes:
                self._nodes.setdefault(node.item.place, node)
                self._set_tick(node)
            if parent is None:
                self.tree.addTopLevelItems(nodes)
            else:
                parent.takeChildren()
                parent.addChildren(nodes)
        self._filter(self.search.text())

    def _all_nodes(self) -> list[OfferNode]:
        found = []
        waiting = [self.tree.topLevelItem(at) for at in range(self.tree.topLevelItemCount())]
        while waiting:
            node = waiting.pop()
            assert isinstance(node, OfferNode)
            found.append(node)
            waiting += [node.child(at) for at in range(node.childCount())]
        return found

    def _set_tick(self, node: OfferNode) -> None:
        if node.item.address is not None:
            is_chosen = place_key(node.item.address) in self._ticks
            node.setCheckState(NAME, Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)

    def _on_expanded(self, node: QTreeWidgetItem) -> None:
        assert isinstance(node, OfferNode)
        if not node.is_loaded:
            node.is_loaded = True
            self.said.say(tr("Link", "Asking the device\u2026"))
            self.opened.emit(node.item.place)

    def _on_changed(self, node: QTreeWidgetItem, column: int) -> None:
        assert isinstance(node, OfferNode)
        if column != NAME or node.item.address is None:
            return
        selected = [each for each in self.tree.selectedItems() if isinstance(each, OfferNode)]
        nodes = selected if node in selected else [node]
        pairs = [(each.path, each.item) for each in nodes if each.item.address is not None]
        self.ticked.emit(pairs, node.is_ticked)

    def _on_all_below(self) -> None:
        node = self.tree.currentItem()
        if isinstance(node, OfferNode):
            self.said.say(tr("Link", "Looking at everything below\u2026"))
            self.below_asked.emit(node.item.place, node.path)

    def _on_search(self) -> None:
        if self.search.text().strip() and self._can_search:
            self.said.say(tr("Link", "Searching for up to 10 s\u2026"))
            self.searched.emit(self.search.text().strip())

    def _on_search_text(self, text: str) -> None:
        if self._can_search:
            if not text:
                self.reread()
            return
        self._filter(text)

    def _filter(self, text: str) -> None:
        """Hide what does not fit, in devices that were listed whole."""
        if self._can_search:
            return
        words = text.casefold().split()
        for node in self._all_nodes():
            heap = " ".join(node.path).casefold()
            is_open_place = node.item.address is None
            node.setHidden(not is_open_place and not all(word in heap for word in words))

    def _look(self) -> None:
        node = self.tree.currentItem()
        self.all_below.setEnabled(isinstance(node, OfferNode) and node.item.has_children)

    def _show_tree(self, is_shown: bool, words: str, why: str) -> None:
        self.tree.setVisible(is_shown)
        self._empty.setVisible(not is_shown)
        if not is_shown:
            self._empty.set_words(words, why)


def _short(value: str) -> str:
    """Return a number with the digits that a person reads, other words as they are."""
    try:
        return f"{float(value):.6g}" if "." in value else value
    except ValueError:
        return value


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName("tree")
    tree.setAccessibleName(tr("Link", "What the device offers"))
    tree.setHeaderLabels(
        [tr("Link", "Name"), tr("Link", "Value now"), tr("Link", "Unit"), tr("Link", "Type")]
    )
    tree.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
    tree.setUniformRowHeights(True)
    tree.setItemDelegateForColumn(NAME, TickDelegate(tree))
    header = tree.header()
    header.setFont(font(CAPTION, MEDIUM))
    header.setStretchLastSection(False)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
    for column, width in ((VALUE, 130), (UNIT, 64), (TYPE, 96)):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(column, width)
    return tree
