"""Step 2 for devices that tell what they offer: their tree, with ticks."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QTreeWidgetItem, QVBoxLayout, QWidget

from domain.plant.discovery import FoundItem
from ui.screens.setup.connections.chosen_panel import ChosenPanel
from ui.screens.setup.connections.offer_tree import OfferNode, OfferTree, Ticks
from ui.text import tr
from ui.widgets.form import HintLine, line_field
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel


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
        self._can_search, self._taken_words = False, ""
        self.search = line_field(tr("Link", "Search"))
        self.all_below = KeyButton(tr("Link", "Tick everything below"))
        self.again = KeyButton(tr("Link", "Read again"))
        self.said = HintLine()
        self.tree = OfferTree()
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
        self.tree.ticked.connect(self._on_ticked)
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
        self.search.setPlaceholderText(
            tr("Link", "Search by name, Enter") if can_search else tr("Link", "Words that the name holds")
        )
        with QSignalBlocker(self.search):  # else the empty field would bring a tree back
            self.search.clear()
        self.tree.forget()
        self.tree.show_only("")

    @property
    def is_begun(self) -> bool:
        """Whether anything of the device is listed."""
        return self.tree.topLevelItemCount() > 0

    def reread(self) -> None:
        """Ask for the top of the device anew."""
        self.tree.forget()
        self.say_busy()
        self.opened.emit("")

    def show_items(self, place: str, items: Sequence[FoundItem]) -> None:
        """Put what lies below a place into the tree."""
        parent = self.tree.place(place) if place else None
        if parent is None and place:
            return  # the tree was read anew meanwhile
        self.tree.list_below(parent, items)
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
        elif not items:
            parent.is_loaded = False  # a node that was not born yet tells more the next time
            self.said.say(tr("Link", "Nothing is known below {name} yet.", name=parent.item.name))
        if len(items) == 1 and items[0].has_children:
            only = self.tree.place(items[0].place)
            assert only is not None
            only.setExpanded(True)

    def show_found(self, items: Sequence[FoundItem]) -> None:
        """Show what a search found instead of the tree."""
        self.tree.forget()
        self.tree.list_below(None, items)
        self._show_tree(
            bool(items),
            tr("Link", "No value has this in its name."),
            tr("Link", "Try a shorter word; an empty field brings the tree back."),
        )
        self.said.say(tr("Link", "{count} found. An empty field brings the tree back.", count=len(items)))

    def show_ticks(self, ticks: Ticks) -> None:
        """Tick what is chosen."""
        self.tree.show_ticks(ticks)

    def say_taken(self, words: str) -> None:
        """Say above the tree what was ticked of everything below a place."""
        self._taken_words = words
        self.said.say(words)

    def unsay_taken(self) -> None:
        """It holds no more."""
        if self.said.text() == self._taken_words:
            self.said.say("")

    def say_busy(self) -> None:
        """Say that the device is being asked."""
        self._show_tree(True, "", "")
        self.said.say(tr("Link", "Asking the device\u2026"))

    def stop_looking(self) -> None:
        """Nobody waits for a search or for everything below a place any more."""
        if self.is_begun:
            self.said.say("")

    def show_failed(self, place: str, words: str) -> None:
        """Say why nothing can be listed; what is listed stays, and the place can be opened once more."""
        node = self.tree.place(place) if place else None
        if node is not None:
            node.is_loaded = False
            node.setExpanded(False)
        self.said.say("" if not self.is_begun else words, is_marked=True)
        if not self.is_begun:
            self._show_tree(False, tr("Link", "The device cannot be looked at now."), words)

    # ---- inside

    def _on_expanded(self, node: QTreeWidgetItem) -> None:
        assert isinstance(node, OfferNode)
        if not node.is_loaded:
            node.is_loaded = True
            self.said.say(tr("Link", "Asking the device\u2026"))
            self.opened.emit(node.item.place)

    def _on_ticked(self, nodes: Sequence[OfferNode], is_wanted: bool) -> None:
        self.ticked.emit([(node.path, node.item) for node in nodes], is_wanted)

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
        self.tree.show_only(text)

    def _look(self) -> None:
        node = self.tree.currentItem()
        self.all_below.setEnabled(isinstance(node, OfferNode) and node.item.has_children)

    def _show_tree(self, is_shown: bool, words: str, why: str) -> None:
        self.tree.setVisible(is_shown)
        self._empty.setVisible(not is_shown)
        if not is_shown:
            self._empty.set_words(words, why)
