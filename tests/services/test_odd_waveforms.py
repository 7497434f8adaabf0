"""Waveforms that are no good ones: refused with a reason, flagged, or right, never wrong [F63, F64]."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.block_numbering import BlockNumbering
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, GOOD, UNCERTAIN_CLOCK, Quality, QualityCause, QualityClass
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, reading_batch
from domain.plant.signals import Band, SpectrumKind
from domain.plant.tags import CaptureSchedule, Feature, Tag, TagKind
from processing.bearing import find_line
from processing.features import analyse_block
from processing.vibration import time_figures
from services.analysis import PUBLISH_EVERY_S, AnalysisWorker
from services.analysis_records import KeepIntervals
from services.condition import HealthAssessor
from tests.conftest import FakeClock

RATE_HZ, LENGTH, TONE_HZ = 25_600.0, 32_768, 1_234.5
SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
PUMP = Asset(new_id(), SITE.id, AssetKind.MACHINE, "Pump", "P-1")
POINT = MeasurementPoint(new_id(), PUMP.id, "Drive end", Technique.VIBRATION, waveform_tag_key=1)
BAND = Band("envelope", POINT.envelope_low_hz, POINT.envelope_high_hz)
WAVE = Tag(
    new_id(), 1, "P-1.DE.waveform", "Vibration", TagKind.WAVEFORM, "g", PUMP.id, point_id=POINT.id,
    sampling_rate_hz=RATE_HZ, capture=CaptureSchedule(0.4, LENGTH, is_streaming=True),
)  # fmt: skip
FIGURES = tuple(
    Tag(new_id(), key, f"P-1.DE.{feature.value}", feature.value, TagKind.DERIVED, "g", PUMP.id,
        point_id=POINT.id, feature=feature)
    for key, feature in enumerate((Feature.VELOCITY_RMS, Feature.ACCELERATION_RMS, Feature.KURTOSIS), start=2)
)  # fmt: skip
PLANT = Plant((SITE, PUMP), (POINT,), (WAVE, *FIGURES))


class Channel:
    """One channel from its ring to its figures, as the collector and its analysis process have it."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self._clock = clock
        self._values = ValueTable.create(folder, [tag.key for tag in PLANT.tags], epoch=1)
        self._ring = WaveformRing.create(folder, [(1, RATE_HZ, 4 * LENGTH)], epoch=1)
        self.board = SpectrumBoard.create(folder, [1], max_lines=LENGTH, epoch=1)
        self._worker = AnalysisWorker(
            PLANT, values=self._values, waveforms=self._ring, spectra=self.board,
            assessor=HealthAssessor(PLANT, (), {}), baselines={}, intervals=KeepIntervals(), clock=clock,
        )  # fmt: skip
        self._next = 0

    def bring(
        self, samples: np.ndarray, *, skip: int = 0, rate_hz: float = RATE_HZ, quality: int = GOOD
    ) -> None:
        self._next += skip
        start_us = self._clock.now_us() + round(self._next / RATE_HZ * 1e6)
        block = SampleBlock(
            1, samples.astype(np.float32), rate_hz, start_us, start_us, self._next, quality
        )  # fmt: skip
        self._next += len(samples)
        self._ring.write(block)
        self._values.write(
            reading_batch([1], [0.0], quality=quality, source_us=start_us, receive_us=start_us)
        )

    def figures(self) -> ReadingBatch | None:
        """Return what analysis publishes of the newest window, None for nothing new."""
        self._clock.advance(PUBLISH_EVERY_S)
        found = [each.values for each in self._worker.step() if 2 in each.values.tag_key.tolist()]
        return found[0] if found else None

    def tone_hz(self) -> float | None:
        shown = self.board.read(1, SpectrumKind.ACCELERATION)
        return None if shown is None else find_line(shown.spectrum, TONE_HZ, tolerance=0.1).frequency_hz

    def close(self) -> None:
        for each in (self._values, self._ring, self.board):
            each.close()


@pytest.fixture
def channel(tmp_path: Path, clock: FakeClock) -> Iterator[Channel]:
    made = Channel(tmp_path, clock)
    yield made
    made.close()


def tone(count: int, *, first: int = 0, rate_hz: float = RATE_HZ) -> np.ndarray:
    return np.sin(2 * np.pi * TONE_HZ * (first + np.arange(count)) / rate_hz)


ODD = {
    "nan": np.where(np.arange(LENGTH) == 77, np.nan, tone(LENGTH)),
    "all missing": np.full(LENGTH, np.nan),
    "infinite": np.where(np.arange(LENGTH) == 5, np.inf, tone(LENGTH)),
    "minus infinite": np.where(np.arange(LENGTH) == 5, -np.inf, tone(LENGTH)),
    "one huge": np.where(np.arange(LENGTH) == 5, 3e38, tone(LENGTH)),
}
STILL = {
    "constant": np.full(LENGTH, 3.25),
    "zero": np.zeros(LENGTH),
    "minus zero": np.full(LENGTH, -0.0),
    "denormal": np.where(np.arange(LENGTH) % 2, 1e-42, -1e-42),
}


@pytest.mark.parametrize("samples", ODD.values(), ids=ODD.keys())
def test_f63_a_block_that_is_no_measurement_gives_bad_figures_with_their_cause(
    channel: Channel, samples: np.ndarray
) -> None:
    """The figures of before do not stand as if they were new, and no spectrum is shown of it."""
    channel.bring(tone(LENGTH))
    good = channel.figures()
    assert good is not None
    assert (good.quality & CLASS_MASK == QualityClass.GOOD).all()
    channel.bring(samples)
    refused = channel.figures()
    assert refused is not None
    assert set(refused.tag_key.tolist()) == {tag.key for tag in FIGURES}
    assert {Quality.from_code(code).cause for code in refused.quality.tolist()} == {QualityCause.DECODE}
    assert np.isnan(refused.value).all()
    assert channel.tone_hz() == pytest.approx(TONE_HZ, rel=1e-3), "the spectrum is that of the good block"


@pytest.mark.parametrize("samples", STILL.values(), ids=STILL.keys())
def test_f63_a_still_block_has_defined_figures_and_no_kurtosis(channel: Channel, samples: np.ndarray) -> None:
    channel.bring(samples)
    found = channel.figures()
    assert found is not None
    by_key = dict(zip(found.tag_key.tolist(), found.value.tolist(), strict=True))
    assert by_key[2] == pytest.approx(0.0, abs=1e-6)
    assert by_key[3] == 0.0
    assert 4 not in by_key, "not computable: not published"


@pytest.mark.parametrize("samples", [[], [1.0], [1.0] * 7])
def test_f63_too_few_samples_are_refused(samples: list[float]) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        time_figures(np.array(samples))


@pytest.mark.parametrize("value", [1e308, -1e308, 1e39])
def test_f63_numbers_beyond_float32_are_refused_without_a_warning(value: float) -> None:
    samples = np.full(LENGTH, value)
    with pytest.raises(ValueError, match="absurdly large"):
        analyse_block(samples, sampling_rate_hz=RATE_HZ, envelope_band=BAND)


def test_f63_the_largest_number_that_is_taken_overflows_nothing() -> None:
    found = analyse_block(1e15 * tone(LENGTH), sampling_rate_hz=RATE_HZ, envelope_band=BAND)
    assert all(math.isfinite(value) for value in found.features.values())
    assert all(np.isfinite(each.amplitude).all() for each in found.spectra.values())


# ---- the window


def test_f64_samples_that_are_missing_never_lie_inside_a_window(channel: Channel) -> None:
    """Half a window, a hole, half a window: refused; a whole one after the hole: right."""
    channel.bring(tone(LENGTH // 2))
    channel.bring(tone(LENGTH // 2, first=LENGTH // 2 + 300), skip=300)
    assert channel.figures() is None
    assert channel.tone_hz() is None
    channel.bring(tone(LENGTH // 2, first=LENGTH + 300))
    assert channel.figures() is not None
    assert channel.tone_hz() == pytest.approx(TONE_HZ, rel=1e-3)


def test_f64_a_rate_that_changes_inside_a_window_begins_a_new_one(channel: Channel) -> None:
    channel.bring(tone(LENGTH // 2))
    channel.bring(tone(LENGTH // 2, rate_hz=RATE_HZ / 2), rate_hz=RATE_HZ / 2)
    assert channel.figures() is None, "two rates in one window have no spectrum"
    channel.bring(tone(LENGTH // 2, first=LENGTH // 2, rate_hz=RATE_HZ / 2), rate_hz=RATE_HZ / 2)
    assert channel.figures() is not None
    assert channel.tone_hz() == pytest.approx(TONE_HZ, rel=1e-3)


@pytest.mark.parametrize("shift_us", [-200_000, 0])
def test_f64_duplicate_samples_are_left_out(shift_us: int) -> None:
    losses = LossCounter()
    numbering = BlockNumbering(RATE_HZ, is_streaming=True, losses=losses)
    length_us = round(2560 / RATE_HZ * 1e6)
    at_us = 1_700_000_000_000_000
    assert numbering.place(at_us, 2560) is not None
    assert numbering.place(at_us + shift_us, 2560) is None
    following = numbering.place(at_us + length_us, 2560)
    assert following is not None
    assert losses.by_cause == {"repeated_block": 1}


@pytest.mark.parametrize(("pace", "is_flagged"), [(1.0, False), (1.0002, False), (1.005, True), (0.98, True)])
def test_f64_a_source_that_samples_at_another_rate_is_flagged(pace: float, is_flagged: bool) -> None:
    """Its stamps tell: within two minutes, in spite of 10 ms of jitter, and it is taken back when right."""
    losses, random = LossCounter(), np.random.default_rng(4)
    numbering = BlockNumbering(RATE_HZ, is_streaming=True, losses=losses)
    true_us = 1_700_000_000_000_000.0

    def run(seconds: float, at_pace: float) -> list[bool]:
        nonlocal true_us
        told = []
        for _ in range(round(seconds / 0.1)):
            stamp_us = round(true_us + random.uniform(-10_000, 10_000))
            start_us, is_suspect = numbering.start(stamp_us, 2560, receive_us=stamp_us + 150_000)
            assert numbering.place(start_us, 2560) is not None
            told.append(is_suspect)
            true_us += 100_000 * at_pace
        return told

    assert run(130.0, pace)[-1] is is_flagged
    assert not any(run(180.0, 1.0)[-100:])
    assert losses.total == 0


def test_f64_figures_of_a_doubtful_window_are_doubtful(channel: Channel) -> None:
    channel.bring(tone(LENGTH), quality=UNCERTAIN_CLOCK)
    found = channel.figures()
    assert found is not None
    assert {Quality.from_code(code).cause for code in found.quality.tolist()} == {QualityCause.CLOCK_SUSPECT}


def test_a_band_that_does_not_fit_the_rate_is_told_as_a_matter_of_set_up(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = replace(POINT, envelope_low_hz=20_000.0, envelope_high_hz=24_000.0)
    monkeypatch.setattr(f"{__name__}.PLANT", replace(PLANT, points=(narrow,)))
    channel = Channel(tmp_path, clock)
    channel.bring(tone(LENGTH))
    found = channel.figures()
    channel.close()
    assert found is not None
    assert {Quality.from_code(code).cause for code in found.quality.tolist()} == {QualityCause.NOT_CONFIGURED}
