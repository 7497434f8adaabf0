"""What every screen gets from the window it lives in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtWidgets import QWidget

from domain.instants import Clock
from ui.bridge import EventBridge
from ui.formatting import PlantTime
from ui.refresh import RefreshClock
from ui.screens.screen import Screen
from ui.tasks import Lane


@dataclass(frozen=True, slots=True)
class Context:
    """Seams to the shell. Everything here is for the main thread.

    ``go`` opens an address and returns False for an unknown room. ``show_problem`` words an error calmly over
    the screen. ``open_drawer`` shows a detail at the right; Esc closes it. ``plant_time`` is asked each time.
    ``drafts`` outlives the screens, which are built anew when the set-up changes.
    """

    clock: Clock
    tasks: Lane
    refresh: RefreshClock
    events: EventBridge
    plant_time: Callable[[], PlantTime]
    go: Callable[[str], bool]
    show_problem: Callable[[BaseException], None]
    open_drawer: Callable[[str, QWidget], None]
    close_drawer: Callable[[], None]
    drafts: dict[str, object] = field(default_factory=dict)


ScreenFactory = Callable[[Context], Screen]
"""Makes a screen when it is first shown."""
