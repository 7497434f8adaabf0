"""The Setup screen of the shell: a list of tabs at the left, the chosen one beside it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.navigation import room_name
from ui.screens.screen import Screen
from ui.screens.setup.tabs import TABS, SetupTab, TabEntry
from ui.text import tr
from ui.widgets.panel import Panel
from ui.widgets.tab_list import TabList

LIST_WIDTH, LIST_WIDTH_NARROW = 200, 150
NARROW_BELOW = 1500


class SetupView(QWidget):
    """The list and the pages."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._tabs = TabList([(entry.key, entry.words, entry.icon) for entry in TABS])
        self._tabs.setAccessibleName(tr("Setup", "Parts of the set-up"))
        self._tabs.chosen.connect(self.chosen)
        self.pages = QStackedWidget()
        self._card = Panel(padding=6)
        self._card.body.addWidget(self._tabs)
        self._card.body.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._card)
        column = QVBoxLayout()
        column.addWidget(self.pages)
        row.addLayout(column, 1)

    def light(self, key: str) -> None:
        """Mark the tab in front."""
        self._tabs.set_chosen(key)

    def resizeEvent(self, event: object) -> None:
        is_narrow = self.width() < NARROW_BELOW
        self._card.setFixedWidth(LIST_WIDTH_NARROW if is_narrow else LIST_WIDTH)


class SetupScreen:
    """Implements ``ui.screens.screen.Screen``; tabs are made when first opened."""

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self.content = SetupView()
        self.view: QWidget = self.content
        self._made: dict[str, SetupTab] = {}
        self._front: TabEntry = TABS[0]
        self.content.chosen.connect(self._go)

    @property
    def help_page(self) -> str:
        """The page of the tab in front."""
        return self.tab(self._front.key).help_page

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        return [(room_name("setup"), "setup"), (self._front.words, f"setup/{self._front.key}")]

    def tab(self, key: str) -> SetupTab:
        """Return a tab, made when it is asked for the first time."""
        if key not in self._made:
            entry = next(each for each in TABS if each.key == key)
            self._made[key] = entry.make(self._workstation, self._context)
            self.content.pages.addWidget(self._made[key].view)
        return self._made[key]

    def open(self, argument: str) -> None:
        key, _, rest = argument.partition("/")
        entry = next((each for each in TABS if each.key == key), self._front)
        before = self._made.get(self._front.key)
        self._front = entry
        tab = self.tab(entry.key)
        if before is not None and before is not tab:
            before.on_hidden()
        self.content.pages.setCurrentWidget(tab.view)
        self.content.light(entry.key)
        tab.open(rest)

    def refresh(self, now_us: int) -> None:
        self.tab(self._front.key).refresh(now_us)

    def on_shown(self) -> None:
        """The tab in front draws with the next refresh."""

    def on_hidden(self) -> None:
        self.tab(self._front.key).on_hidden()

    def act(self, name: str) -> bool:
        return self.tab(self._front.key).act(name)

    def renew(self) -> None:
        self.plant_changed()

    def plant_changed(self) -> None:
        """Let every tab read the set-up anew; nothing that is being typed is lost."""
        for tab in self._made.values():
            tab.plant_changed()

    def close(self) -> None:
        for tab in self._made.values():
            tab.close()

    def _go(self, key: str) -> None:
        self._context.go(f"setup/{key}")


def make_setup(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the Setup screen."""

    def make(context: Context) -> Screen:
        return SetupScreen(workstation, context)

    return make
