"""Long work as two threads see it: one does it and says how far it is, one watches and may end it."""

import threading
from dataclasses import dataclass

from domain.errors import Cancelled


@dataclass(frozen=True, slots=True)
class WorkStep:
    """What is being done now. ``act`` is a message key, ``name`` the thing it is done to.

    ``done`` and ``total`` count ``unit`` ("bytes", "rows", "tags", "files"); ``total`` 0 means that nobody
    knows.
    """

    act: str = ""
    name: str = ""
    done: int = 0
    total: int = 0
    unit: str = "bytes"

    @property
    def share(self) -> float | None:
        """How much of the step is done, 0 to 1; None when nobody knows."""
        return min(1.0, self.done / self.total) if self.total else None


class LongWork:
    """Handed to long work by whoever waits for it."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._step = WorkStep()

    @property
    def step(self) -> WorkStep:
        """The step told last."""
        return self._step

    @property
    def is_cancelled(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the work to end; it ends at its next step and leaves nothing behind."""
        self._stop.set()

    def check(self) -> None:
        """Raise Cancelled when somebody has asked to end."""
        if self._stop.is_set():
            raise Cancelled("ended on request; nothing was changed", key="cancelled")

    def tell(self, act: str, name: str, *, done: int = 0, total: int = 0, unit: str = "bytes") -> None:
        """Say how far the work is; raise Cancelled when somebody has asked to end."""
        self.check()
        self._step = WorkStep(act, name, done, total, unit)
