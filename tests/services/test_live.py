"""What a window shows of a collector that lives, dies and comes back [F33, F34, NEW-30]."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.quality import BAD_COMMUNICATION_LOST, BAD_NOT_CONFIGURED, FLAG_MASK, QualityFlag
from domain.plant.readings import SampleBlock, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind
from services.live import ALIVE_WITHIN_S, RingLiveSource

SIMULATED = int(QualityFlag.SIMULATED)


class Collector:
    """The writing side of the segments; tag 1 is a value, tag 2 a channel."""

    def __init__(self, folder: Path, *, epoch: int) -> None:
        self.values = ValueTable.create(folder, [1, 2], epoch=epoch)
        self.waveforms = WaveformRing.create(folder, [(2, 1000.0, 4000)], epoch=epoch)
        self.spectra = SpectrumBoard.create(folder, [2], max_lines=100, epoch=epoch)
        self.values.beat()

    def say(self, value: float) -> None:
        self.values.write(reading_batch([1], [value], quality=SIMULATED, source_us=5, receive_us=6))

    def fall_silent(self) -> None:
        past_s = time.monotonic() - 2 * ALIVE_WITHIN_S
        self.values.header["writer_beat_ns"][0] = round(past_s * 1e9)

    def close(self) -> None:
        for mapped in (self.values, self.waveforms, self.spectra):
            mapped.close()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlSegment]:
    segment = ControlSegment.create(tmp_path)
    segment.set("epoch", 1)
    yield segment
    segment.close()


@pytest.fixture
def collector(tmp_path: Path, control: ControlSegment) -> Iterator[Collector]:
    made = Collector(tmp_path, epoch=1)
    yield made
    made.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[RingLiveSource]:
    source = RingLiveSource(tmp_path)
    yield source
    source.close()


def test_without_a_collector_everything_is_bad_and_nothing_fails(live: RingLiveSource) -> None:
    shown = live.values([1, 7])
    assert shown.quality.tolist() == [BAD_COMMUNICATION_LOST] * 2
    assert np.isnan(shown.value).all()
    assert not live.is_alive()
    assert live.waveform(2, length=10) is None
    assert live.spectrum(2, SpectrumKind.VELOCITY) is None


def test_a_living_collector_shows_its_values_as_they_are(live: RingLiveSource, collector: Collector) -> None:
    collector.say(7.5)
    shown = live.values([7, 1])
    assert shown.value[1] == 7.5
    assert shown.quality.tolist() == [BAD_NOT_CONFIGURED, SIMULATED]


def test_waveforms_and_spectra_come_from_the_same_place(live: RingLiveSource, collector: Collector) -> None:
    samples = np.arange(300, dtype=np.float32)
    collector.waveforms.write(SampleBlock(2, samples, 1000.0, 10, 20, 0, SIMULATED))
    spectrum = Spectrum(np.ones(50, np.float32), 2.0, "mm/s", is_rms=True)
    collector.spectra.write(2, SpectrumKind.VELOCITY, spectrum, start_us=10, quality=SIMULATED)
    window = live.waveform(2, length=100)
    shown = live.spectrum(2, SpectrumKind.VELOCITY)
    assert window is not None
    assert shown is not None
    assert window.samples.tolist() == samples[200:].tolist()
    assert shown.spectrum.resolution_hz == 2.0
    assert live.waveform(1, length=100) is None
    assert live.spectrum(2, SpectrumKind.ENVELOPE) is None


def test_f33_a_collector_that_falls_silent_turns_every_value_bad(
    live: RingLiveSource, collector: Collector
) -> None:
    collector.say(7.5)
    assert live.is_alive()
    collector.fall_silent()
    shown = live.values([1])
    assert shown.quality[0] & ~np.uint16(FLAG_MASK) == BAD_COMMUNICATION_LOST
    assert shown.quality[0] & FLAG_MASK == SIMULATED
    assert live.waveform(2, length=10) is None
    collector.values.beat()
    assert live.values([1]).quality[0] == SIMULATED


def test_f33_a_restarted_collector_is_found_by_its_new_epoch(
    tmp_path: Path, live: RingLiveSource, collector: Collector, control: ControlSegment
) -> None:
    collector.say(7.5)
    assert live.values([1]).value[0] == 7.5
    collector.fall_silent()
    assert not live.is_alive()
    second = Collector(tmp_path, epoch=2)
    second.say(8.5)
    control.set("epoch", 2)
    assert live.values([1]).value[0] == 8.5
    assert live.is_alive()
    second.close()


def test_a_restarted_supervisor_is_found_too(
    tmp_path: Path, live: RingLiveSource, collector: Collector, control: ControlSegment
) -> None:
    assert live.is_alive()
    collector.fall_silent()
    assert not live.is_alive()
    renewed = ControlSegment.create(tmp_path)
    renewed.set("epoch", 3)
    third = Collector(tmp_path, epoch=3)
    third.say(9.5)
    assert live.values([1]).value[0] == 9.5
    third.close()
    renewed.close()
