"""Rings against plain lists: what a reader gets is what was written, gaps told, nothing torn."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment, SegmentMissing
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.quality import BAD_NOT_CONFIGURED, GOOD
from domain.plant.readings import SampleBlock, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind

CAPACITY, RATE_HZ, KEY = 64, 1000.0, 5


def block(first: int, count: int) -> SampleBlock:
    samples = np.arange(first, first + count, dtype=np.float32)
    return SampleBlock(KEY, samples, RATE_HZ, round(first * 1e6 / RATE_HZ), 0, first, GOOD)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[WaveformRing]:
    made = WaveformRing.create(tmp_path, [(KEY, RATE_HZ, CAPACITY)], epoch=1)
    yield made
    made.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 90)), min_size=1, max_size=25),
    st.integers(1, 100),
)
def test_a_ring_behaves_like_a_list(ring: WaveformRing, steps: list[tuple[int, int]], length: int) -> None:
    """Each step skips some samples and appends some; the newest run must read as it was written."""
    index = max(0, ring.write_index(KEY))
    run_start = index if index else None
    for skip, count in steps:
        if skip or run_start is None:
            index += skip
            run_start = index
        ring.write(block(index, count))
        index += count
    window = ring.newest(KEY, length=length)
    assert window is not None
    first = max(index - length, index - CAPACITY, run_start or 0)
    assert window.samples.tolist()[-(index - first) :] == [float(each) for each in range(first, index)]
    assert window.start_us == round(window.first_index * 1e6 / RATE_HZ)


def test_a_reader_learns_how_many_samples_it_missed(ring: WaveformRing) -> None:
    ring.write(block(0, 40))
    ring.write(block(40, 40))
    window = ring.since(KEY, index=0)
    assert window is not None
    assert (window.first_index, window.lost, len(window.samples)) == (16, 16, 64)
    assert ring.since(KEY, index=80) is None


def test_a_gap_starts_a_new_run_and_is_not_bridged(ring: WaveformRing) -> None:
    ring.write(block(0, 30))
    ring.write(block(50, 10))
    window = ring.newest(KEY, length=64)
    assert window is not None
    assert (window.first_index, len(window.samples)) == (50, 10)


def test_another_process_reads_the_same_memory(tmp_path: Path) -> None:
    writer = ValueTable.create(tmp_path, [3, 9], epoch=4)
    reader = ValueTable.open(tmp_path)
    before = reader.read(np.array([9, 3, 77], dtype=np.int32))
    assert before.quality.tolist() == [BAD_NOT_CONFIGURED] * 3
    writer.write(reading_batch([9, 9, 50], [1.0, 2.0, 3.0], quality=GOOD, source_us=7, receive_us=8))
    after = reader.read(np.array([9, 3], dtype=np.int32))
    assert (after.value[0], after.quality[0], after.source_us[0]) == (2.0, GOOD, 7)
    assert np.isnan(after.value[1])
    assert reader.epoch == 4
    reader.close()
    writer.close()
    with pytest.raises(SegmentMissing):
        ValueTable.open(tmp_path)


def test_the_latest_spectrum_of_each_kind(tmp_path: Path) -> None:
    board = SpectrumBoard.create(tmp_path, [KEY], max_lines=100, epoch=1)
    assert board.read(KEY, SpectrumKind.VELOCITY) is None
    spectrum = Spectrum(np.arange(50, dtype=np.float32), 0.5, "mm/s", is_rms=True)
    board.write(KEY, SpectrumKind.VELOCITY, spectrum, start_us=3, quality=GOOD)
    found = board.read(KEY, SpectrumKind.VELOCITY)
    assert found is not None
    assert (found.spectrum.unit, found.spectrum.is_rms, found.start_us, found.sequence) == (
        "mm/s",
        True,
        3,
        1,
    )
    assert found.spectrum.amplitude.tolist() == list(range(50))
    assert board.read(KEY, SpectrumKind.ENVELOPE) is None
    board.close()


def test_the_control_segment_carries_stop_and_heartbeats(tmp_path: Path) -> None:
    owner = ControlSegment.create(tmp_path)
    other = ControlSegment.open(tmp_path)
    assert other.age_s("collector_beat_ns") == float("inf")
    owner.beat("collector_beat_ns")
    assert other.age_s("collector_beat_ns") < 5
    other.request_stop()
    assert owner.is_stop_requested
    other.close()
    owner.close()
