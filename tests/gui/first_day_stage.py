"""A data folder with nothing in it, and what a set-up tab needs of a window: the first day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from domain.plant.plant import Plant
from services.clock import SystemClock
from services.workstation import Workstation, open_workstation
from ui.bridge import EventBridge
from ui.context import Context
from ui.formatting import PlantTime
from ui.refresh import RefreshClock
from ui.tasks import Tasks


@dataclass
class EmptyStage:
    """Services over an empty folder, and a context that remembers what a tab asked for."""

    workstation: Workstation
    context: Context
    tasks: Tasks
    visited: list[str] = field(default_factory=list)
    problems: list[BaseException] = field(default_factory=list)

    def plant(self) -> Plant:
        """Return the plant as stored; for the main thread while the lane is idle."""
        return self.workstation.store.plant.load()

    def close(self) -> None:
        self.context.events.close()
        self.tasks.close()
        self.workstation.close()


def make_empty_stage(folder: Path) -> EmptyStage:
    """Open a folder that nobody has furnished."""
    clock = SystemClock()
    workstation, tasks = open_workstation(folder, clock=clock), Tasks()
    visited: list[str] = []
    problems: list[BaseException] = []

    def go(address: str) -> bool:
        visited.append(address)
        return True

    context = Context(
        clock=clock,
        tasks=tasks,
        refresh=RefreshClock(clock),
        events=EventBridge(),
        plant_time=lambda: PlantTime("UTC"),
        go=go,
        show_problem=lambda error: problems.append(error),
        open_drawer=lambda title, widget: None,
        close_drawer=lambda: None,
    )
    return EmptyStage(workstation, context, tasks, visited, problems)


def idle(qtbot, tasks: Tasks, done: Callable[[], bool] = lambda: True) -> None:  # type: ignore[no-untyped-def]
    """Wait until the lane has answered everything and something is so."""
    qtbot.waitUntil(lambda: tasks.pending == 0 and done(), timeout=8000)
