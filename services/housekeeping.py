"""What the collector does for its files besides writing: compaction, retention, and telling what is wrong."""

import logging
from collections.abc import Sequence

from domain.errors import StorageError
from domain.instants import MICROSECONDS_PER_DAY, Clock
from domain.plant.keeping import WaveformRules, waveform_rules
from domain.ports import HistoryWriter, WaveformStore
from services.access import program_actor
from services.clock_watch import ClockWatch
from storage.store import Store

_log = logging.getLogger(__name__)

HOURS_AT_ONCE = 200
"""Hours of tags finished in one go: a commit of the next second need not wait for a whole plant."""

RETENTION_EVERY_S = 3600.0
FIRST_RETENTION_S = 120.0


CHANGES_DAYS = 7
"""How long the change feed is kept: who was away longer reads everything anew."""


class Housekeeping:
    """Called every second in the writer lane; hourly it applies retention."""

    def __init__(
        self,
        store: Store,
        history: HistoryWriter,
        kept: WaveformStore,
        *,
        clock: Clock,
        at_start: Sequence[str] = (),
    ) -> None:
        """``at_start`` tells what was wrong when the files were opened; empty sentences are passed over."""
        self._store = store
        self._history = history
        self._kept = kept
        self._clock = clock
        self._outdated: WaveformRules | None = None
        self._next_retention_s = clock.monotonic_s() + FIRST_RETENTION_S
        self._at_start = tuple(each for each in at_start if each)
        self._retention_problem = ""
        self._clock_watch = ClockWatch(store, history, actor=program_actor("collector"), clock=clock)

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should know: a database that was set aside, a retention that waits."""
        return (*self._at_start, *filter(None, (self._retention_problem,)))

    def run(self) -> None:
        """Watch the clock, compact what is due; once an hour begin to remove what is too old."""
        self._clock_watch.look()
        self._kept.catch_up()
        self._history.compact(now_us=self._clock.now_us(), most_hours=HOURS_AT_ONCE)
        if self._clock.monotonic_s() >= self._next_retention_s:
            self._next_retention_s = self._clock.monotonic_s() + RETENTION_EVERY_S
            self._apply_retention()
        elif self._outdated is not None:
            self._prune_waveforms(self._outdated)

    def _apply_retention(self) -> None:
        """Remove old rows and months; a suspect clock removes nothing until somebody confirms it [F58]."""
        now_us = self._clock.now_us()
        try:
            self._history.prune(now_us=now_us)
        except StorageError as error:
            is_rest = error.key == "clock_rested"  # usual after every weekend: nothing that a person must do
            self._retention_problem = "" if is_rest else str(error)
            _log.warning("retention waits: %s", error)
            return
        self._retention_problem = ""
        self._store.changes.prune(before_us=now_us - CHANGES_DAYS * MICROSECONDS_PER_DAY)
        plant = self._store.plant.load()
        self._prune_waveforms(waveform_rules(plant.keeping, plant.tags, now_us=now_us))

    def _prune_waveforms(self, outdated: WaveformRules) -> None:
        """Let go of some waveforms, of the rest with the next calls: commits of samples need not wait."""
        self._outdated = outdated if self._kept.prune(outdated) else None
