"""The waveform around an alarm: what the ring holds before the trigger, and what comes after it [NEW-27]."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.condition.alarms import AlarmRule
from domain.identifiers import new_id
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from domain.plant.signals import Waveform
from domain.plant.tags import CaptureSchedule, Tag
from domain.ports import WaveformWindow
from services.analysis_records import waveform_of

_log = logging.getLogger(__name__)

Newest = Callable[[int, int], WaveformWindow | None]
"""Returns the newest samples of a channel: tag key, number of samples."""


@dataclass(frozen=True, slots=True)
class AlarmCapture:
    """A waveform to keep for an alarm; its id is made once, so that keeping it again changes nothing."""

    rule_id: UUID
    waveform_id: UUID
    waveform: Waveform


@dataclass(frozen=True, slots=True)
class _Pending:
    """``end`` is the channel's sample count up to which the window goes."""

    rule_id: UUID
    tag: Tag
    end: int
    due_s: float
    given_up_s: float


LATE_S: Final = 3.0
"""Blocks of samples come late by their own length: so long a window waits for its last sample."""


class AlarmCaptures:
    """Takes the window of an alarm as soon as its last sample has come. For the collector's loop.

    A window is cut by the channel's own count of samples, so that it holds the trigger whatever clock the
    device has. A channel that stands still at the trigger has nothing to keep.
    """

    def __init__(self, plant: Plant, newest: Newest) -> None:
        self._plant = plant
        self._newest = newest
        self._pending: list[_Pending] = []

    def trigger(self, rule: AlarmRule, *, now_s: float) -> AlarmCapture | None:
        """Return the capture when nothing after the trigger is wanted; else it comes from ``due``."""
        tag = self._channel(rule)
        if tag is None or tag.capture is None:
            return None
        after_s, rate_hz = tag.capture.after_s, tag.sampling_rate_hz or 1.0
        if after_s <= 0:
            window = self._newest(tag.key, alarm_samples(tag.capture, rate_hz))
            return None if window is None else AlarmCapture(rule.id, new_id(), waveform_of(tag, window))
        end, due_s = self._written(tag) + round(after_s * rate_hz), now_s + after_s
        self._pending.append(_Pending(rule.id, tag, end, due_s, due_s + LATE_S))
        return None

    def due(self, *, now_s: float) -> list[AlarmCapture]:
        """Return the captures whose last sample has come, or is waited for no longer."""
        ready = [each for each in self._pending if self._is_ready(each, now_s)]
        self._pending = [each for each in self._pending if each not in ready]
        return [capture for capture in map(self._taken, ready) if capture is not None]

    def rest(self) -> list[AlarmCapture]:
        """Return what there is of all captures that still wait: the program ends."""
        return self.due(now_s=math.inf)

    def _is_ready(self, pending: _Pending, now_s: float) -> bool:
        if now_s >= pending.given_up_s:
            return True
        return now_s >= pending.due_s and self._written(pending.tag) >= pending.end

    def _written(self, tag: Tag) -> int:
        """Return how many samples the channel has brought so far."""
        newest = self._newest(tag.key, 1)
        return 0 if newest is None else newest.first_index + len(newest.samples)

    def _taken(self, pending: _Pending) -> AlarmCapture | None:
        tag = pending.tag
        assert tag.capture is not None
        rate_hz = tag.sampling_rate_hz or 1.0
        trigger = pending.end - round(tag.capture.after_s * rate_hz)
        written = self._written(tag)
        if written <= trigger:
            _log.warning("no waveform with an alarm: channel '%s' stood still at the trigger", tag.name)
            return None
        begin = pending.end - alarm_samples(tag.capture, rate_hz)
        window = self._newest(tag.key, written - begin)
        if window is None:
            return None
        skipped = max(0, begin - window.first_index)
        cut = replace(
            window,
            samples=window.samples[skipped : pending.end - window.first_index],
            first_index=window.first_index + skipped,
            start_us=window.start_us + round(skipped / window.sampling_rate_hz * MICROSECONDS_PER_SECOND),
        )
        return AlarmCapture(pending.rule_id, new_id(), waveform_of(tag, cut))

    def _channel(self, rule: AlarmRule) -> Tag | None:
        if rule.tag_key is None:
            return None
        point_id = self._plant.tag(rule.tag_key).point_id
        key = None if point_id is None else self._plant.point(point_id).waveform_tag_key
        return None if key is None else self._plant.tag(key)


def alarm_samples(capture: CaptureSchedule, sampling_rate_hz: float) -> int:
    """Return how many samples are kept around an alarm."""
    around_s = capture.before_s + capture.after_s
    return round(around_s * sampling_rate_hz) if around_s > 0 else capture.length
