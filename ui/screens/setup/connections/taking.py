"""Choosing many values piece by piece, so that the window never waits for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QTimer

from services.set_up.link_values import ChosenValue, Places, with_names_apart
from ui.screens.setup.connections.offer_tree import Ticks

Source = Callable[[], ChosenValue]
"""Makes a value of what a device offers."""
PIECE: Final = 200
"""So many values are made and placed at a stretch: the window goes on between two of them."""


class Taking:
    """``moved`` is called before each piece, ``ended`` in the end with all values, named apart and placed."""

    def __init__(
        self, *, moved: Callable[[int, int], None], ended: Callable[[Sequence[ChosenValue]], None]
    ) -> None:
        """``moved`` is told how many values are made, and of how many."""
        self._moved, self._ended = moved, ended
        self._sources: list[Source] = []
        self._made: list[ChosenValue] = []
        self._names: set[str] = set()
        self._places: Places | None = None
        self.ticks: Ticks = frozenset()
        """What is being chosen."""
        self._feed = QTimer()
        self._feed.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        return bool(self.ticks)

    def begin(self, sources: Mapping[tuple[object, ...], Source], *, names: set[str], places: Places) -> None:
        """Choose these; ``names`` are taken already. What was being chosen before has ended by now."""
        self._sources, self._made = list(sources.values()), []
        self._names, self._places = set(names), places
        self.ticks = frozenset(sources)
        if len(sources) > PIECE:
            self._moved(0, len(sources))
            self._feed.start(0)
        else:
            self.finish()

    def finish(self) -> None:
        """Choose the rest at once."""
        while self.is_busy:
            self._go_on()

    def give_up(self) -> None:
        """Choose nothing."""
        self._feed.stop()
        self.ticks = frozenset()

    def _go_on(self) -> None:
        assert self._places is not None
        first = len(self._made)
        fresh = [source() for source in self._sources[first : first + PIECE]]
        apart = with_names_apart(fresh, self._names)
        self._names |= {value.name for value in apart}
        self._made += [self._places.placed(value) for value in apart]
        if len(self._made) < len(self._sources):
            self._moved(len(self._made), len(self._sources))
        else:
            self.give_up()
            self._ended(self._made)
