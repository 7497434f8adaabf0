"""The tree of step 2: places and values of a device, with a tick at each that is wanted."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from domain.plant.discovery import FoundItem
from services.set_up.link_values import place_key
from ui.formatting import unit_symbol, with_unit
from ui.screens.setup.connections.words import type_name
from ui.text import tip, tr
from ui.theme import CAPTION, MEDIUM, font
from ui.widgets.tick import TickDelegate

Path = tuple[str, ...]
Ticks = frozenset[tuple[object, ...]]
NAME, VALUE, UNIT, TYPE = range(4)
BATCH: Final = 500
"""So many rows are added at a stretch: the window goes on between two of them."""


class OfferNode(QTreeWidgetItem):
    """A place or value of the device; ``path`` are the names that lead to it, its own last."""

    def __init__(self, item: FoundItem, path: Path) -> None:
        unit = unit_symbol(item.unit) if item.unit else ""
        super().__init__([item.name, _short(item.value), unit, type_name(item.dtype)])
        self.item, self.path = item, path
        self.is_loaded = False
        if item.has_children:
            self.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        if item.address is not None:
            self.setFlags(self.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            self.setCheckState(NAME, Qt.CheckState.Unchecked)
        rate_hz = item.sampling_rate_hz if item.is_array else None
        rate = with_unit(rate_hz, digits=0, unit="Hz") if rate_hz else ""
        self.setToolTip(NAME, tip("\n".join(filter(None, (" / ".join(path), item.description, rate)))))

    @property
    def is_ticked(self) -> bool:
        return self.checkState(NAME) is Qt.CheckState.Checked

    def tick(self, is_wanted: bool) -> None:
        """Show whether it is wanted."""
        self.setCheckState(NAME, Qt.CheckState.Checked if is_wanted else Qt.CheckState.Unchecked)


class OfferTree(QTreeWidget):
    """Long lists come in pieces, so that the window never waits for them."""

    ticked = Signal(object, bool)
    """Nodes of values, and whether a person wants them."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[str, OfferNode] = {}
        self._values: dict[tuple[object, ...], list[OfferNode]] = {}
        self._ticks: Ticks = frozenset()
        self._wanted_words: list[str] = []
        self._waiting: deque[tuple[OfferNode | None, tuple[FoundItem, ...]]] = deque()
        self._feed = QTimer(self)
        self._feed.timeout.connect(self._add_next)
        self._set_up()
        self.itemChanged.connect(self._on_changed)

    def _set_up(self) -> None:
        self.setObjectName("tree")
        self.setAccessibleName(tr("Link", "What the device offers"))
        self.setHeaderLabels(
            [tr("Link", "Name"), tr("Link", "Value now"), tr("Link", "Unit"), tr("Link", "Type")]
        )
        self.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.setUniformRowHeights(True)
        self.setItemDelegateForColumn(NAME, TickDelegate(self))
        header = self.header()
        header.setFont(font(CAPTION, MEDIUM))
        header.setStretchLastSection(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((VALUE, 130), (UNIT, 64), (TYPE, 96)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)

    # ---- what is listed

    def forget(self) -> None:
        """List nothing."""
        self._feed.stop()
        self._waiting.clear()
        self._places, self._values = {}, {}
        self.invisibleRootItem().takeChildren()  # clear() takes seconds after rows were hidden

    def place(self, place: str) -> OfferNode | None:
        """Return the node of a place, None when it is not listed."""
        return self._places.get(place)

    def list_below(self, parent: OfferNode | None, items: Sequence[FoundItem]) -> None:
        """List these below a node, None for the top, in the place of what was there."""
        if parent is not None:
            self._drop(parent)
        pieces = [tuple(items[first : first + BATCH]) for first in range(0, len(items), BATCH)]
        self._waiting.extend((parent, piece) for piece in pieces)
        self._add_next()
        self._feed.start(0)

    def nodes(self) -> Iterator[OfferNode]:
        """Yield everything that is listed by now."""
        waiting = [self.topLevelItem(place) for place in range(self.topLevelItemCount())]
        while waiting:
            node = waiting.pop()
            assert isinstance(node, OfferNode)
            yield node
            waiting += [node.child(place) for place in range(node.childCount())]

    def _add_next(self) -> None:
        if not self._waiting:
            self._feed.stop()
            return
        parent, items = self._waiting.popleft()
        path: Path = () if parent is None else parent.path
        nodes = [OfferNode(item, (*path, item.name)) for item in items]
        with QSignalBlocker(self):
            self._note(nodes)
            if parent is None:
                self.addTopLevelItems(nodes)
            else:
                parent.addChildren(nodes)
        self._hide_unwanted(nodes)

    def _note(self, nodes: Sequence[OfferNode]) -> None:
        for node in nodes:
            self._places.setdefault(node.item.place, node)
            if node.item.address is not None:
                key = place_key(node.item.address)
                self._values.setdefault(key, []).append(node)
                node.tick(key in self._ticks)

    def _drop(self, parent: OfferNode) -> None:
        """Forget what is below a node, and what was still to come there."""
        dropped, waiting = [parent], parent.takeChildren()
        while waiting:
            node = waiting.pop()
            assert isinstance(node, OfferNode)
            dropped.append(node)
            waiting += node.takeChildren()
            if self._places.get(node.item.place) is node:
                del self._places[node.item.place]
            if node.item.address is not None:
                self._values[place_key(node.item.address)].remove(node)
        gone = {id(node) for node in dropped}
        self._waiting = deque(each for each in self._waiting if id(each[0]) not in gone)

    # ---- what is wanted

    def show_ticks(self, ticks: Ticks) -> None:
        """Tick what is chosen, and nothing else."""
        changed, self._ticks = ticks ^ self._ticks, ticks
        with QSignalBlocker(self):
            for key in changed:
                for node in self._values.get(key, ()):
                    node.tick(key in ticks)
        if changed:
            self.viewport().update()

    def _on_changed(self, node: QTreeWidgetItem, column: int) -> None:
        """A tick counts for every chosen row when it is set in one of them."""
        assert isinstance(node, OfferNode)
        if column != NAME or node.item.address is None:
            return
        chosen = [each for each in self.selectedItems() if isinstance(each, OfferNode)]
        nodes = chosen if node in chosen else [node]
        self.ticked.emit([each for each in nodes if each.item.address is not None], node.is_ticked)

    # ---- what is looked for

    def show_only(self, text: str) -> None:
        """Hide values whose path does not hold all words; "" shows everything."""
        self._wanted_words = text.casefold().split()
        self._hide_unwanted(list(self.nodes()))

    def _hide_unwanted(self, nodes: Sequence[OfferNode]) -> None:
        for node in nodes:
            if node.item.address is not None:
                heap = " ".join(node.path).casefold()
                is_hidden = not all(word in heap for word in self._wanted_words)
                if is_hidden is not node.isHidden():
                    node.setHidden(is_hidden)


def _short(value: str) -> str:
    """Return a number with the digits that a person reads, other words as they are."""
    try:
        return f"{float(value):.6g}" if "." in value else value
    except ValueError:
        return value
