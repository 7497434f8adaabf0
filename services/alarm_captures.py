"""The waveform around an alarm: what the ring holds before the trigger, and what comes after it [NEW-27]."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import AlarmRule
from domain.identifiers import new_id
from domain.plant.plant import Plant
from domain.plant.signals import Waveform
from domain.plant.tags import CaptureSchedule, Tag
from domain.ports import WaveformWindow
from services.analysis_records import waveform_of

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
    rule_id: UUID
    tag: Tag
    due_s: float


class AlarmCaptures:
    """Takes the window of an alarm as soon as its last sample has come. For the collector's loop."""

    def __init__(self, plant: Plant, newest: Newest) -> None:
        self._plant = plant
        self._newest = newest
        self._pending: list[_Pending] = []

    def trigger(self, rule: AlarmRule, *, now_s: float) -> AlarmCapture | None:
        """Return the capture when nothing after the trigger is wanted; else it comes from ``due``."""
        tag = self._channel(rule)
        if tag is None or tag.capture is None:
            return None
        pending = _Pending(rule.id, tag, now_s + tag.capture.after_s)
        if tag.capture.after_s <= 0:
            return self._taken(pending)
        self._pending.append(pending)
        return None

    def due(self, *, now_s: float) -> list[AlarmCapture]:
        """Return the captures whose time after the trigger is over."""
        ready = [each for each in self._pending if each.due_s <= now_s]
        self._pending = [each for each in self._pending if each.due_s > now_s]
        return [capture for capture in map(self._taken, ready) if capture is not None]

    def _taken(self, pending: _Pending) -> AlarmCapture | None:
        assert pending.tag.capture is not None
        length = alarm_samples(pending.tag.capture, pending.tag.sampling_rate_hz or 1.0)
        window = self._newest(pending.tag.key, length)
        if window is None:
            return None
        return AlarmCapture(pending.rule_id, new_id(), waveform_of(pending.tag, window))

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
