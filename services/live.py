"""Live values for screens from the rings of the collector on this PC."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment, SegmentMissing
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.quality import BAD_COMMUNICATION_LOST, FLAG_MASK
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import SpectrumKind
from domain.ports import LiveSpectrum, WaveformWindow

ALIVE_WITHIN_S = 1.5
"""A collector that has not shown itself for this long is taken for dead: its values turn bad."""


class RingLiveSource:
    """Attaches to the collector's segments, notices its death and its return. Implements ``LiveSource``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._control: ControlSegment | None = None
        self._values: ValueTable | None = None
        self._waveforms: WaveformRing | None = None
        self._spectra: SpectrumBoard | None = None

    def is_alive(self) -> bool:
        """Say whether the collector showed itself lately; attaches to a new one on the way."""
        if self._values is not None and self._is_current():
            return self._values.writer_age_s < ALIVE_WITHIN_S
        self._attach()
        return self._values is not None and self._values.writer_age_s < ALIVE_WITHIN_S

    def values(self, tag_keys: Sequence[int] | NDArray[np.int32]) -> ReadingBatch:
        """Return the latest readings; everything is bad while the collector is not alive."""
        keys = np.asarray(tag_keys, dtype=np.int32)
        is_alive = self.is_alive()
        if self._values is None:
            return reading_batch(
                keys, np.full(len(keys), np.nan), quality=BAD_COMMUNICATION_LOST, source_us=0, receive_us=0
            )
        batch = self._values.read(keys)
        if not is_alive:
            batch.quality[:] = (batch.quality & FLAG_MASK) | BAD_COMMUNICATION_LOST
        return batch

    def waveform(self, tag_key: int, *, length: int) -> WaveformWindow | None:
        """Return the newest contiguous samples of a channel, None before the first."""
        if not self.is_alive() or self._waveforms is None or not self._waveforms.holds(tag_key):
            return None
        return self._waveforms.newest(tag_key, length=length)

    def spectrum(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        """Return the latest spectrum of a channel, None before the first."""
        if not self.is_alive() or self._spectra is None:
            return None
        return self._spectra.read(tag_key, kind)

    def close(self) -> None:
        """Let go of the segments."""
        self._detach()
        if self._control is not None:
            self._control.close()
            self._control = None

    def _is_current(self) -> bool:
        """Compare epochs: a restarted collector has made new segments."""
        if self._values is None or self._control is None:
            return False
        if self._values.writer_age_s < ALIVE_WITHIN_S:
            return True
        self._control.close()
        self._control = None
        try:
            self._control = ControlSegment.open(self._folder)
        except SegmentMissing:
            return True
        return self._control.get("epoch") == self._values.epoch

    def _attach(self) -> None:
        try:
            control = self._control or ControlSegment.open(self._folder)
            self._control = control
            values = ValueTable.open(self._folder)
            waveforms = WaveformRing.open(self._folder)
            spectra = SpectrumBoard.open(self._folder)
        except SegmentMissing:
            return
        self._detach()
        self._values, self._waveforms, self._spectra = values, waveforms, spectra

    def _detach(self) -> None:
        for mapped in (self._values, self._waveforms, self._spectra):
            if mapped is not None:
                mapped.close()
        self._values = self._waveforms = self._spectra = None
