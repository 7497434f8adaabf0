"""Live values on a workstation whose plant another one collects: values at 1 Hz and latest spectra [NEW-31].

A thread reads the shared database and keeps the answers in memory, so that screens never wait for a server.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.errors import StorageError
from domain.instants import MICROSECONDS_PER_DAY, Clock
from domain.plant.quality import BAD_COMMUNICATION_LOST, FLAG_MASK
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import SpectrumKind, Waveform
from domain.ports import LiveSource, LiveSpectrum, WaveformWindow
from services.status import SHARED_NAME, SystemStatus, status_of_text
from storage.store import Store

_log = logging.getLogger(__name__)

POLL_S = 1.0
ALIVE_WITHIN_S = 3.5
"""A status that has not moved for so long comes from a collector that is taken for dead."""

LOOK_BACK_US = 2 * MICROSECONDS_PER_DAY
JOIN_S = 5.0


@dataclass
class _Memory:
    """What was read last; replaced as a whole under the lock."""

    keys: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    batch: ReadingBatch | None = None
    status: SystemStatus | None = None
    moved_s: float | None = None
    waveforms: dict[int, Waveform | None] = field(default_factory=dict)
    spectra: dict[tuple[int, SpectrumKind], LiveSpectrum | None] = field(default_factory=dict)


class SharedLiveSource:
    """Implements ``domain.ports.LiveSource`` from the shared database.

    What a screen asks for the first time is there after the next second.
    """

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._memory = _Memory()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shared-live", daemon=True)

    def start(self) -> None:
        """Begin to read once a second."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def status(self) -> SystemStatus | None:
        """Return the collector's last status."""
        return self._memory.status

    def is_alive(self) -> bool:
        """Say whether the collector's status moved lately, by this computer's steady clock."""
        moved_s = self._memory.moved_s
        return moved_s is not None and self._clock.monotonic_s() - moved_s < ALIVE_WITHIN_S

    def values(self, tag_keys: Sequence[int] | NDArray[np.int32]) -> ReadingBatch:
        """Return the newest stored readings; everything is bad while the collector is not alive."""
        keys = np.asarray(tag_keys, dtype=np.int32)
        with self._lock:
            known, batch = self._memory.keys, self._memory.batch
        if batch is None or not len(known):
            return _nothing(keys)
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        is_known = known[place] == keys
        found = batch.select(place)
        quality = found.quality.copy()
        if not self.is_alive():
            quality[:] = (quality & FLAG_MASK) | BAD_COMMUNICATION_LOST
        quality[~is_known] = BAD_COMMUNICATION_LOST
        value = np.where(is_known, found.value, np.nan)
        return reading_batch(
            keys, value, quality=quality, source_us=found.source_us, receive_us=found.receive_us,
            sequence=found.sequence,
        )  # fmt: skip

    def waveform(self, tag_key: int, *, length: int) -> WaveformWindow | None:
        """Return the newest kept waveform of a channel, None until it was read."""
        with self._lock:
            kept = self._memory.waveforms.setdefault(tag_key, None)
        if kept is None:
            return None
        samples = np.asarray(kept.samples[-length:], dtype=np.float32)
        first = len(kept.samples) - len(samples)
        start_us = kept.start_us + round(first / kept.sampling_rate_hz * 1e6)
        return WaveformWindow(samples, first, start_us, kept.sampling_rate_hz, kept.quality)

    def spectrum(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        """Return the newest kept spectrum of a channel, None until it was read."""
        with self._lock:
            return self._memory.spectra.setdefault((tag_key, kind), None)

    # ---- the reading thread

    def _run(self) -> None:
        reader = None
        while not self._stop.is_set():
            try:
                reader = reader or _Reader(self._store)
                self._read(reader)
            except StorageError as error:
                _log.warning("the shared database cannot be read: %s", error)
                if reader is not None:
                    reader.close()
                    reader = None
            self._stop.wait(POLL_S)
        if reader is not None:
            reader.close()

    def _read(self, reader: "_Reader") -> None:
        status = reader.status()
        with self._lock:
            before = self._memory.status
            wanted = list(self._memory.spectra), list(self._memory.waveforms)
        if status is not None and (before is None or status.written_us != before.written_us):
            self._memory.moved_s = self._clock.monotonic_s()
        batch = reader.values()
        now_us = self._clock.now_us()
        spectra = {key: reader.spectrum(*key, now_us=now_us) for key in wanted[0]}
        waveforms = {key: reader.waveform(key, now_us=now_us) for key in wanted[1]}
        with self._lock:
            self._memory.keys, self._memory.batch, self._memory.status = batch.tag_key, batch, status
            self._memory.spectra.update(spectra)
            self._memory.waveforms.update(waveforms)


class _Reader:
    """The connections of the reading thread."""

    def __init__(self, store: Store) -> None:
        self._keys = [tag.key for tag in store.plant.load().tags]
        self._history = store.open_history_reader()
        self._kept = store.open_waveforms()
        self._board = store.open_status_board()

    def status(self) -> SystemStatus | None:
        return None if self._board is None else status_of_text(self._board.get(SHARED_NAME))

    def values(self) -> ReadingBatch:
        return self._history.last_values(sorted(self._keys))

    def waveform(self, tag_key: int, *, now_us: int) -> Waveform | None:
        kept = self._kept.waveforms(tag_key, start_us=now_us - LOOK_BACK_US, end_us=now_us + 1)
        return self._kept.waveform(kept[-1].id) if kept else None

    def spectrum(self, tag_key: int, kind: SpectrumKind, *, now_us: int) -> LiveSpectrum | None:
        rows = self._kept.spectra(tag_key, kind, start_us=now_us - LOOK_BACK_US, end_us=now_us + 1, limit=2)
        if not rows:
            return None
        newest = rows[-1]
        return LiveSpectrum(newest.spectrum, newest.time_us, newest.quality, newest.time_us)

    def close(self) -> None:
        self._history.close()
        self._kept.close()
        if self._board is not None:
            self._board.close()


class NearestLiveSource:
    """Takes the rings of a collector on this PC while there is one, the shared database otherwise."""

    def __init__(self, near: LiveSource, shared: SharedLiveSource) -> None:
        self._near = near
        self._shared = shared

    def _source(self) -> LiveSource:
        return self._near if self._near.is_alive() else self._shared

    def is_alive(self) -> bool:
        return self._source().is_alive()

    def values(self, tag_keys: Sequence[int] | NDArray[np.int32]) -> ReadingBatch:
        return self._source().values(tag_keys)

    def waveform(self, tag_key: int, *, length: int) -> WaveformWindow | None:
        return self._source().waveform(tag_key, length=length)

    def spectrum(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        return self._source().spectrum(tag_key, kind)


def _nothing(keys: NDArray[np.int32]) -> ReadingBatch:
    return reading_batch(
        keys, np.full(len(keys), np.nan), quality=BAD_COMMUNICATION_LOST, source_us=0, receive_us=0
    )
