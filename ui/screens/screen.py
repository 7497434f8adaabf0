"""What the shell asks of a screen."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtWidgets import QWidget


class Screen(Protocol):
    """One room of the rail. It is created when it is first shown and lives until the window closes
    or the set-up changes.

    The shell calls ``open`` with the part of the address behind the slash, each time the operator comes here.
    Keys of the shell that concern a screen (F5, F9, Shift+F9, Ctrl+F) arrive through ``act``.
    """

    view: QWidget

    @property
    def help_page(self) -> str:
        """Name of the page in ``resources/help`` without its ending."""
        ...

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Steps that lead here as (words, address); the last one is this screen."""
        ...

    def open(self, argument: str) -> None:
        """Show what an address names; an empty argument shows what was there, or the best to begin with."""
        ...

    def refresh(self, now_us: int) -> None:
        """Draw what is new; called twice a second while the screen is visible."""
        ...

    def on_shown(self) -> None:
        """The screen has become visible."""
        ...

    def on_hidden(self) -> None:
        """The screen is covered by another: stop what only eyes need."""
        ...

    def act(self, name: str) -> bool:
        """Do "acknowledge", "acknowledge_visible", "freeze" or "filter"; False when it is not for me."""
        ...

    def renew(self) -> None:
        """The plant is the same, its baselines are new: judge by them from now on."""
        ...

    def close(self) -> None:
        """The window closes for good, or the set-up is another one and the screen is built anew."""
        ...


@runtime_checkable
class LastingScreen(Protocol):
    """A screen that lives on when the set-up changes, because it is where the set-up is changed."""

    def plant_changed(self) -> None:
        """The set-up is another one: read it anew. What the operator is typing stays."""
        ...
