"""Jumps of this computer's clock: noted in the audit log, and confirmed by a person [F58, S-39]."""

import logging
from typing import Final

from domain.errors import StorageError
from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, Clock
from domain.ports import HistoryWriter
from domain.roles import Actor, Permission
from services.access import require
from storage.store import Store

_log = logging.getLogger(__name__)

CONFIRMED: Final = "clock.confirmed"
"""Setting that a person writes to say that the time is right; any new value counts once."""

NOTE_EVERY_S: Final = 600.0
"""A clock that is set back every few seconds fills no log: small jumps are summed up [F59]."""


def confirm_time(store: Store, *, by: Actor, clock: Clock) -> None:
    """Say that the computer's time is right, so that retention goes on; audited like every setting."""
    require(by, Permission.OPERATE_COLLECTOR)
    with store.unit_of_work(by) as work:
        work.plant.save_setting(CONFIRMED, clock.now_us())


class ClockWatch:
    """Called every second in the writer lane. An audit that cannot be written is tried again."""

    def __init__(self, store: Store, history: HistoryWriter, *, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._history = history
        self._actor = actor
        self._clock = clock
        self._waiting: list[int] = []
        self._noted_s = -NOTE_EVERY_S

    def look(self) -> None:
        """Take a person's word, notice jumps, note them."""
        self._take_confirmation()
        self._waiting.extend(self._history.watch_clock())
        if self._waiting and self._is_due():
            self._note()

    def _take_confirmation(self) -> None:
        """Use each confirmation once, also one that was given for nothing: it says nothing of later jumps."""
        mark = self._store.plant.setting(CONFIRMED)
        if isinstance(mark, int) and mark != self._history.confirmed_mark:
            self._history.confirm_clock(mark=mark)

    def _is_due(self) -> bool:
        is_large = max(map(abs, self._waiting)) > MICROSECONDS_PER_HOUR
        return is_large or self._clock.monotonic_s() - self._noted_s >= NOTE_EVERY_S

    def _note(self) -> None:
        largest_s = max(self._waiting, key=abs) / MICROSECONDS_PER_SECOND
        count = len(self._waiting)
        try:
            with self._store.unit_of_work(self._actor) as work:
                plant_id = self._store.report.plant_id
                work.audit("clock_jumped", "clock", plant_id, largest_s=round(largest_s, 3), jumps=count)
        except StorageError as error:
            _log.error("a jump of the clock by %.1f s could not be noted: %s", largest_s, error)
            return
        _log.warning("the clock jumped %d times, by up to %.1f s", count, largest_s)
        self._waiting.clear()
        self._noted_s = self._clock.monotonic_s()
