"""The alarms of a collector, from a value to the stored row: watched, captured, queued, recorded."""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Final
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule
from domain.errors import NotFound
from domain.instants import Clock
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch
from domain.ports import ConnectionStatus, WaveformStore
from domain.roles import Actor
from services.alarm_captures import AlarmCapture, AlarmCaptures, Newest
from services.alarm_recording import AlarmRecorder, state_tags, stored_conditions
from services.alarm_watch import DISK_SHORT, SAMPLES_DROPPED, AlarmWatch, ConditionChange, DropWatch
from services.durable_queue import DurableQueue
from services.link_losses import lost_on_the_way
from services.recording import WriterLane
from services.waiting_alarms import conditions_after, text_of, waiting_changes
from storage.store import Store

_log = logging.getLogger(__name__)

WAITING: Final = 50_000
"""Changes that wait while the database is away: hours of alarms."""


class CollectorAlarms:
    """Belongs to the event loop; what is stored is stored in the writer lane.

    ``rules`` is what it watches, ``problem`` tells of waiting changes that were set aside at the start.
    """

    def __init__(
        self,
        store: Store,
        plant: Plant,
        kept: WaveformStore,
        newest: Newest,
        lane: WriterLane,
        *,
        actor: Actor,
        clock: Clock,
    ) -> None:
        self.rules: tuple[AlarmRule, ...] = store.alarm_rules.all()
        self._clock = clock
        self._lane = lane
        self._recorder = AlarmRecorder(store, kept, actor=actor)
        self._captures = AlarmCaptures(plant, newest)
        self._drops = DropWatch()
        self._link_drops: dict[UUID, DropWatch] = {}
        self._spool = store.open_job_spool()
        self.problem = self._spool.problem
        self.queue = DurableQueue(cause="alarm", limit=WAITING, keeper=self._spool)
        conditions = self._take_up(stored_conditions(store))
        states = state_tags(plant, self.rules)
        self._watch = AlarmWatch(self.rules, conditions=conditions, state_tag_of=states)

    def _take_up(self, stored: dict[UUID, bool]) -> dict[UUID, bool]:
        """Queue the changes that the last program could not store; return which conditions were true then."""
        waiting, void = waiting_changes(self._spool.waiting, self.rules)
        self.queue.restore((number, _nothing) for number in void)
        self.queue.restore(
            (each.number, partial(self._recorder.record, each.change, at_us=each.at_us, is_again=True))
            for each in waiting
        )
        return conditions_after(stored, waiting)

    def take_values(self, batch: ReadingBatch) -> None:
        """Judge new values."""
        self._raise(self._watch.observe(batch, now_s=self._clock.monotonic_s()))

    def take_link(self, link: ConnectionStatus, *, is_up: bool) -> None:
        """Judge the state of a link, and while it is up what it loses."""
        identity, now_s = link.connection_id, self._clock.monotonic_s()
        watch = self._link_drops.setdefault(identity, DropWatch())
        is_losing = watch.is_losing(lost_on_the_way(link), now_s=now_s, is_told_otherwise=not is_up)
        self._raise(self._watch.observe_connection(identity, is_up=is_up, now_s=now_s))
        self._raise(self._watch.observe_losses(identity, is_losing=is_losing, now_s=now_s))

    def take_drops(self, total: int) -> None:
        """Judge the sum of all that this program has lost so far."""
        now_s = self._clock.monotonic_s()
        is_losing = self._drops.is_losing(total, now_s=now_s)
        self._raise(self._watch.observe_system(SAMPLES_DROPPED, is_true=is_losing, now_s=now_s))

    def take_disk(self, *, is_short: bool) -> None:
        """Judge the room on the disk of this PC."""
        now_s = self._clock.monotonic_s()
        self._raise(self._watch.observe_system(DISK_SHORT, is_true=is_short, now_s=now_s))

    def tick(self) -> None:
        """Let delays run out, and keep waveforms that are complete by now."""
        now_s = self._clock.monotonic_s()
        self._keep(self._captures.due(now_s=now_s))
        self._raise(self._watch.tick(now_s=now_s))

    def finish(self) -> None:
        """Keep what there is of waveforms that wait for their last samples; before the last store."""
        self._keep(self._captures.rest())
        self.store_soon()

    def _keep(self, captures: Iterable[AlarmCapture]) -> None:
        for capture in captures:
            self.queue.put(partial(self._recorder.link, capture))

    def store_soon(self) -> None:
        """Let the writer lane store what waits."""
        if len(self.queue):
            self._lane.submit_once(self.queue.run, cause="alarm")

    def close(self) -> None:
        """Close the file of what waits still; after the lane."""
        self._spool.close()

    def _raise(self, changes: Iterable[ConditionChange]) -> None:
        at_us, now_s = self._clock.now_us(), self._clock.monotonic_s()
        for change in changes:
            is_new = change.event is AlarmEvent.CONDITION_TRUE
            capture = self._captured(change.rule, now_s) if is_new else None
            record = partial(self._recorder.record, change, at_us=at_us, capture=capture)
            self.queue.put(record, body=text_of(change, at_us=at_us))
        self.store_soon()

    def _captured(self, rule: AlarmRule, now_s: float) -> AlarmCapture | None:
        """Return the waveform before an alarm; a set-up that is wrong about it costs no alarm."""
        try:
            return self._captures.trigger(rule, now_s=now_s)
        except NotFound as wrong:
            _log.warning("no waveform with the alarm of %s: %s", rule.message_key, wrong)
            return None


def _nothing() -> None:
    """Do nothing for a change whose rule is gone; the queue lets it be forgotten."""
