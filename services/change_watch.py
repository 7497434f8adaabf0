"""Watches the change feed of the database and tells this process what others changed [NEW-31]."""

import logging
import threading
import time
from typing import Final

from domain.errors import DatabaseUnreachable, StorageError
from domain.events import AlarmsChanged, PlantChanged, ReportsChanged
from services.event_bus import EventBus
from storage.change_feed import Change
from storage.store import Store

_log = logging.getLogger(__name__)

POLL_S = 0.1
JOIN_S = 2.0
AWAY_AFTER_S: Final = 3.0
"""A database that has answered nothing for so long is away; what screens hold is of the past."""

ALARM_KIND = "alarm"
REPORT_KINDS = frozenset({"manual_reading", "missed_reading", "observation"})
NOT_OF_THE_PLANT = REPORT_KINDS | {ALARM_KIND, "draft"}
"""Kinds of aggregates whose change leaves the set-up as it is."""


class ChangeWatch:
    """A thread with its own connection; everything it learns becomes an event."""

    def __init__(self, store: Store, bus: EventBus) -> None:
        self._store = store
        self._bus = bus
        self._stop = threading.Event()
        self._cursor = 0
        self._answered_s = time.monotonic()
        self._problem: StorageError | None = None
        self._thread = threading.Thread(target=self._run, name="change-watch", daemon=True)

    def start(self) -> None:
        """Watch from the present on."""
        self._cursor = self._store.changes.latest()
        self._answered_s = time.monotonic()
        self._thread.start()

    @property
    def away(self) -> StorageError | None:
        """Why the database has not answered for a while, None while it does or nobody watches. Any thread."""
        if not self._thread.is_alive() or time.monotonic() - self._answered_s < AWAY_AFTER_S:
            return None
        place = str(self._store.place)
        silence = DatabaseUnreachable(f"{place} does not answer", key="database_unreachable", place=place)
        return self._problem or silence

    def _run(self) -> None:
        try:
            while not self._stop.wait(POLL_S):
                try:
                    self._look()
                except Exception as defect:  # the outer edge: a watch that ended would look like peace
                    if self._problem is None:
                        _log.exception("the change watch failed")
                    self._problem = StorageError(f"internal fault: {defect!r}", key="internal_fault")
        finally:
            self._store.changes.close()

    def _look(self) -> None:
        try:
            has_changed = self._store.changes.has_changed()
            changes = self._store.changes.since(self._cursor) if has_changed else ()
        except StorageError as error:
            if self._problem is None:
                _log.warning("the change feed cannot be read: %s", error)
            self._problem = error
            return
        if self._problem is not None:
            _log.info("the change feed is read again")
        self._answered_s, self._problem = time.monotonic(), None
        if changes:
            self._cursor = changes[-1].id
            self._tell(changes)

    def _tell(self, changes: tuple[Change, ...]) -> None:
        kinds = {change.kind for change in changes}
        if ALARM_KIND in kinds:
            self._bus.publish(AlarmsChanged())
        if kinds & REPORT_KINDS:
            self._bus.publish(ReportsChanged())
        if kinds - NOT_OF_THE_PLANT:
            self._bus.publish(PlantChanged())

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)
