"""The device under test: one process and one lane of its own, so that nothing else ever waits for it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from domain.plant.discovery import FoundItem
from domain.plant.tags import Connection, Tag
from services.set_up.below import Below, everything_below
from services.set_up.probing import END_S, DeviceProbe, OrderTrial, ProbedValue, ProbeReport
from ui.tasks import Tasks, Ticket

T = TypeVar("T")
Failed = Callable[[BaseException], None]

POLITE_S: Final = 0.3
"""So long the main thread waits for a device to say goodbye."""


class ProbeDesk:
    """Asks the device that ``look_at`` named. A question about another device ends those before."""

    def __init__(self, pki: Path) -> None:
        self._pki = pki
        self._lane: Tasks | None = None
        self._probe: DeviceProbe | None = None
        self._probed: Connection | None = None
        self._connection: Connection | None = None
        self._asked: list[Ticket] = []

    def look_at(self, connection: Connection) -> None:
        """Turn to a device; what was asked of another one is forgotten."""
        if connection != self._connection:
            self.cancel()
            self._connection = connection

    def cancel(self) -> None:
        """Forget every question, also the one under way."""
        for ticket in self._asked:
            ticket.cancel()
        self._asked = []
        if self._probe is not None and self._lane is not None and self._lane.pending:
            self._probe.abandon()

    def test(self, done: Callable[[ProbeReport], None], *, failed: Failed) -> None:
        """Connect, or say why it cannot be."""
        self._ask(lambda probe: probe.test(), done, failed)

    def browse(self, place: str, done: Callable[[tuple[FoundItem, ...]], None], *, failed: Failed) -> None:
        """List what lies directly below a place."""
        self._ask(lambda probe: probe.browse(place), done, failed)

    def browse_all(self, place: str, done: Callable[[Below], None], *, failed: Failed) -> None:
        """List every value below a place."""
        self._ask(lambda probe: everything_below(probe, place), done, failed)

    def search(self, words: str, done: Callable[[tuple[FoundItem, ...]], None], *, failed: Failed) -> None:
        """Find values by name, wherever they are."""
        self._ask(lambda probe: probe.search(words), done, failed)

    def read(
        self, tags: Sequence[Tag], done: Callable[[tuple[ProbedValue, ...]], None], *, failed: Failed
    ) -> Ticket:
        """Read each tag once; the ticket says when the question was forgotten."""
        return self._ask(lambda probe: probe.read(tags), done, failed)

    def try_orders(self, tag: Tag, done: Callable[[tuple[OrderTrial, ...]], None], *, failed: Failed) -> None:
        """Read one tag in every order of words and bytes."""
        self._ask(lambda probe: probe.read_in_every_order(tag), done, failed)

    def close(self) -> None:
        """Let go of the device and the lane."""
        self.cancel()
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()
        self._leave(within_s=POLITE_S)

    def _ask(self, work: Callable[[DeviceProbe], T], done: Callable[[T], None], failed: Failed) -> Ticket:
        assert self._connection is not None, "look_at comes first"
        if self._lane is None:
            self._lane = Tasks(name="probe-lane")
        question = partial(self._answer, self._connection, work)
        self._asked = [each for each in self._asked if not each.is_cancelled][-20:]
        ticket = self._lane.run(question, done=done, failed=failed)
        self._asked.append(ticket)
        return ticket

    # ---- in the lane

    def _answer(self, connection: Connection, work: Callable[[DeviceProbe], T]) -> T:
        if self._probe is None or self._probed != connection or not self._probe.is_alive:
            self._leave()
            self._probe, self._probed = DeviceProbe(connection, pki=self._pki), connection
        return work(self._probe)

    def _leave(self, *, within_s: float = END_S) -> None:
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.close(within_s=within_s)
