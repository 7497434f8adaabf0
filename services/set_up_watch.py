"""Tells the collector that its picture of the set-up is old: links, tags, points or limits are others now."""

from typing import Final

from domain.instants import Clock
from storage.store import Store

BUILT_ON: Final = frozenset({"connection", "tag", "point", "alarm_rule", "keeping"})
"""Kinds of aggregates whose change needs new rings, links, watches or rules. Names of assets do not."""

SETTLED_S: Final = 1.0
"""Changes of one minute at the set-up screen come in bursts; they are taken together."""


class SetUpWatch:
    """Looks at the change feed. ``look`` belongs to the writer lane, ``is_outdated`` to anybody."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._changes = store.changes
        self._clock = clock
        self._cursor = store.changes.latest()
        self._changed_s: float | None = None

    def look(self) -> None:
        """Read what changed since the last look."""
        if not self._changes.has_changed():
            return
        for change in self._changes.since(self._cursor):
            self._cursor = change.id
            if change.kind in BUILT_ON:
                self._changed_s = self._clock.monotonic_s()

    @property
    def is_outdated(self) -> bool:
        """Whether the set-up is another one and has been left alone for a moment."""
        changed_s = self._changed_s
        return changed_s is not None and self._clock.monotonic_s() - changed_s >= SETTLED_S
