"""The waveform before and after an alarm is kept with it [NEW-27]."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from domain.condition.alarms import AlarmRule, Priority
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.plant.tags import CaptureSchedule, Tag, TagKind
from domain.ports import WaveformWindow
from services.alarm_captures import LATE_S, AlarmCaptures

RATE_HZ = 1000.0
MACHINE = Asset(UUID(int=1), None, AssetKind.MACHINE, "Pump", "P")
POINT = MeasurementPoint(UUID(int=2), MACHINE.id, "DE", Technique.VIBRATION, waveform_tag_key=1)
CHANNEL = Tag(
    UUID(int=3), 1, "wave", "Wave", TagKind.WAVEFORM, "g", MACHINE.id, point_id=POINT.id,
    sampling_rate_hz=RATE_HZ, capture=CaptureSchedule(60.0, 500),
)  # fmt: skip
FIGURE = Tag(UUID(int=4), 2, "rms", "RMS", TagKind.DERIVED, "g", MACHINE.id, point_id=POINT.id)
RULE = AlarmRule(UUID(int=5), MACHINE.id, Priority.HIGH, "high", tag_key=2)


class Ring:
    """A channel whose sample i is i, written up to the present second."""

    def __init__(self) -> None:
        self.written = 3000

    def newest(self, tag_key: int, length: int) -> WaveformWindow | None:
        first = max(0, self.written - length)
        samples = np.arange(first, self.written, dtype=np.float32)
        return WaveformWindow(samples, first, first * 1000, RATE_HZ, 0)


@pytest.fixture
def ring() -> Ring:
    return Ring()


def captures(ring: Ring, **around: float) -> AlarmCaptures:
    assert CHANNEL.capture is not None
    channel = replace(CHANNEL, capture=replace(CHANNEL.capture, **around))
    return AlarmCaptures(Plant((MACHINE,), (POINT,), (channel, FIGURE)), ring.newest)


def test_without_a_trigger_window_the_newest_capture_is_kept_at_once(ring: Ring) -> None:
    taken = captures(ring).trigger(RULE, now_s=10.0)
    assert taken is not None
    assert (taken.waveform.samples[0], len(taken.waveform.samples)) == (2500.0, 500)
    assert taken.waveform.start_us == 2_500_000


def test_samples_before_and_after_the_trigger_are_kept_when_they_have_come(ring: Ring) -> None:
    around = captures(ring, before_s=2.0, after_s=1.0)
    assert around.trigger(RULE, now_s=10.0) is None
    assert around.due(now_s=10.9) == []
    ring.written = 4000
    (taken,) = around.due(now_s=11.0)
    assert (taken.rule_id, len(taken.waveform.samples)) == (RULE.id, 3000)
    assert taken.waveform.samples.tolist() == list(range(1000, 4000)), "two seconds before, one after"
    assert around.due(now_s=12.0) == []


def test_a_channel_that_stands_still_at_the_trigger_keeps_nothing_old(
    ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    """Samples of long before would pass for those of the alarm."""
    around = captures(ring, before_s=2.0, after_s=1.0)
    around.trigger(RULE, now_s=10.0)
    assert around.due(now_s=11.5) == [], "blocks come late"
    assert around.due(now_s=11.0 + LATE_S) == []
    assert "stood still" in caplog.text
    ring.written = 9000
    assert around.due(now_s=20.0) == []


def test_a_window_is_cut_at_the_trigger_when_its_last_samples_come_late(ring: Ring) -> None:
    around = captures(ring, before_s=2.0, after_s=1.0)
    around.trigger(RULE, now_s=10.0)
    ring.written = 3900
    assert around.due(now_s=11.0) == []
    ring.written = 5000
    (taken,) = around.due(now_s=11.8)
    assert taken.waveform.samples.tolist() == list(range(1000, 4000))
    assert taken.waveform.start_us == 1_000_000


def test_a_program_that_ends_keeps_what_there_is(ring: Ring) -> None:
    around = captures(ring, before_s=2.0, after_s=1.0)
    around.trigger(RULE, now_s=10.0)
    ring.written = 3400
    (taken,) = around.rest()
    assert taken.waveform.samples.tolist() == list(range(1000, 3400))


def test_an_alarm_without_a_channel_keeps_nothing(ring: Ring) -> None:
    assert captures(ring).trigger(replace(RULE, tag_key=None), now_s=0.0) is None
