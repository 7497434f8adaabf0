"""Waveforms and spectra by month."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from domain.errors import NotFound
from domain.instants import to_microseconds
from domain.plant.keeping import WaveformRules
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.ports import SpectrumRow, WaveformStore
from storage.data_folder import DataFolder, prepare_data_folder
from storage.waveforms.files import MonthlyWaveforms
from tests.storage.stored_plant import StillClock


def _at(month: int, day: int = 15) -> int:
    return to_microseconds(datetime(2025, month, day, tzinfo=UTC))


def _waveform(start_us: int, seed: int = 1) -> Waveform:
    samples = np.random.default_rng(seed).normal(size=4096).astype(np.float32)
    return Waveform(7, samples, 25600.0, start_us, "g", 512, revision=3)


def _spectrum(time_us: int) -> SpectrumRow:
    amplitude = np.array([0.0, np.inf, 1e-30, time_us % 97], dtype=np.float32)
    return SpectrumRow(7, SpectrumKind.ENVELOPE, time_us, Spectrum(amplitude, 0.5, "g", is_rms=True), 512)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return prepare_data_folder(tmp_path)


@pytest.fixture
def kept(folder: DataFolder) -> Iterator[MonthlyWaveforms]:
    opened = MonthlyWaveforms(folder, clock=StillClock())
    yield opened
    opened.close()


def test_a_waveform_comes_back_bit_for_bit(kept: MonthlyWaveforms) -> None:
    port: WaveformStore = kept
    given = _waveform(_at(3))
    identity = port.keep(given, reason="alarm")
    back = port.waveform(identity)
    assert back.samples.tobytes() == given.samples.tobytes()
    assert (back.sampling_rate_hz, back.unit, back.quality, back.revision) == (25600.0, "g", 512, 3)


def test_lists_and_spectra_run_across_months(kept: MonthlyWaveforms, folder: DataFolder) -> None:
    ids = [kept.keep(_waveform(_at(month)), reason="schedule") for month in (1, 2, 3)]
    kept.keep_spectra([_spectrum(_at(month, day)) for month in (1, 2, 3) for day in range(1, 29)])
    found = kept.waveforms(7, start_us=_at(1), end_us=_at(3, 20))
    assert [each.id for each in found] == ids
    assert len(folder.waveform_files()) == 3
    rows = kept.spectra(7, SpectrumKind.ENVELOPE, start_us=_at(1, 1), end_us=_at(3, 29), limit=10)
    assert len(rows) == 10
    assert (rows[0].time_us, rows[-1].time_us) == (_at(1, 1), _at(3, 28))
    assert rows[0].spectrum.amplitude.tobytes() == _spectrum(_at(1, 1)).spectrum.amplitude.tobytes()


def test_a_damaged_month_is_set_aside_and_the_others_stay_readable(folder: DataFolder) -> None:
    """F40: one month's damage is one month's loss."""
    writer = MonthlyWaveforms(folder, clock=StillClock())
    for month in (1, 2):
        writer.keep(_waveform(_at(month)), reason="schedule")
    writer.close()
    damaged = folder.waveform_files()[0]
    damaged.write_bytes(b"\xff" * 9000)
    reader = MonthlyWaveforms(folder, clock=StillClock(), is_writer=False)
    assert len(reader.waveforms(7, start_us=_at(1), end_us=_at(12))) == 1
    assert reader.set_aside == [damaged]
    reader.close()
    writer = MonthlyWaveforms(folder, clock=StillClock())
    identity = writer.keep(_waveform(_at(1)), reason="alarm")
    assert {path.parent for path in writer.set_aside} == {folder.quarantine}
    assert writer.waveform(identity).tag_key == 7
    writer.close()


def test_pruning_deletes_whole_months(kept: MonthlyWaveforms, folder: DataFolder) -> None:
    gone = kept.keep(_waveform(_at(1)), reason="schedule")
    stays = kept.keep(_waveform(_at(2)), reason="schedule")
    assert kept.prune(WaveformRules(_at(2, 1))) == 1
    assert len(folder.waveform_files()) == 1
    assert kept.waveform(stays).tag_key == 7
    with pytest.raises(NotFound):
        kept.waveform(gone)


def test_a_month_of_which_little_stays_gives_its_room_back(
    kept: MonthlyWaveforms, folder: DataFolder
) -> None:
    evidence = kept.keep(_waveform(_at(1)), reason="alarm")
    for day in range(1, 29):
        kept.keep(_waveform(_at(1, day), seed=day), reason="schedule")
    kept.close()
    (path,) = folder.waveform_files()
    before = path.stat().st_size
    while kept.prune(WaveformRules(_at(3))):
        pass
    kept.close()
    assert path.stat().st_size < before / 5
    assert kept.waveform(evidence).start_us == _at(1)
