"""The tabs of Setup: what each promises, and the one table that lists them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from PySide6.QtWidgets import QWidget

from services.workstation import Workstation
from ui.context import Context
from ui.text import QT_TRANSLATE_NOOP, tr


class SetupTab(ABC):
    """One page of Setup. Made when first opened; lives until the window closes.

    A tab says what it shows; what it does not need it leaves as it is here: doing nothing.
    """

    view: QWidget
    help_page: str
    """Name of the page in ``resources/help`` without its ending."""

    @abstractmethod
    def open(self, argument: str) -> None:
        """Show what the rest of the address names; empty shows what was there."""

    @abstractmethod
    def plant_changed(self) -> None:
        """The set-up is another one: read it anew. What the operator is typing stays."""

    def refresh(self, now_us: int) -> None:  # noqa: B027 -- most tabs poll, some stand still
        """Draw what is new; called twice a second while the tab is visible."""

    def on_hidden(self) -> None:  # noqa: B027
        """Another tab or screen is in front: stop what only eyes need. What is typed stays."""

    def act(self, name: str) -> bool:
        """Do a shell key ("filter", "freeze", ...); False when it is not for this tab."""
        return False

    def close(self) -> None:  # noqa: B027
        """The window closes: let go of devices and threads."""


TabFactory = Callable[[Workstation, Context], SetupTab]


@dataclass(frozen=True, slots=True)
class TabEntry:
    """A tab: its place in the address, its name, and the package that makes it.

    ``about`` are more words by which the search finds it.
    """

    key: str
    source: str
    icon: str
    about: str

    @property
    def words(self) -> str:
        """The name in the list."""
        return tr("Setup", self.source)

    @property
    def address(self) -> str:
        """Where the window finds it."""
        return f"setup/{self.key}"

    @property
    def searched(self) -> str:
        """Everything by which it is found."""
        return f"{self.words} {tr('Setup', self.about)}"

    def make(self, workstation: Workstation, context: Context) -> SetupTab:
        """Import the package and make the tab."""
        factory: TabFactory = import_module(f"ui.screens.setup.{self.key}").make_tab
        return factory(workstation, context)


TABS: tuple[TabEntry, ...] = (
    TabEntry(
        "connections",
        QT_TRANSLATE_NOOP("Setup", "Connections"),
        "point",
        QT_TRANSLATE_NOOP("Setup", "add device PLC Modbus OPC UA MQTT broker folder registers units"),
    ),
    TabEntry(
        "machines",
        QT_TRANSLATE_NOOP("Setup", "Machines"),
        "asset",
        QT_TRANSLATE_NOOP("Setup", "add line site component measurement point criticality class time zone"),
    ),
    TabEntry(
        "bearings",
        QT_TRANSLATE_NOOP("Setup", "Bearings"),
        "bearing",
        QT_TRANSLATE_NOOP("Setup", "catalogue geometry import"),
    ),
    TabEntry(
        "links",
        QT_TRANSLATE_NOOP("Setup", "Link audit"),
        "link",
        QT_TRANSLATE_NOOP("Setup", "loss age missing values go-live"),
    ),
    TabEntry(
        "certificates",
        QT_TRANSLATE_NOOP("Setup", "Certificates"),
        "lock",
        QT_TRANSLATE_NOOP("Setup", "trust fingerprint security renew"),
    ),
    TabEntry(
        "health",
        QT_TRANSLATE_NOOP("Setup", "System health"),
        "analysis",
        QT_TRANSLATE_NOOP("Setup", "status collector disk queues drops versions"),
    ),
    TabEntry(
        "backup",
        QT_TRANSLATE_NOOP("Setup", "Backup"),
        "copy",
        QT_TRANSLATE_NOOP("Setup", "restore verify integrity export import set-up file"),
    ),
)
"""In the order in which a plant is set up. A new tab is one package and one line here."""
