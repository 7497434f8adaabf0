"""The latest spectrum of each kind of every waveform tag, in shared memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acquisition.shared_memory.mapped import HEADER_BYTES, READ_ATTEMPTS, Mapped
from acquisition.shared_memory.segments import Segment
from domain.plant.signals import Spectrum, SpectrumKind
from domain.ports import LiveSpectrum

_SLOT = np.dtype(
    [
        ("seq", "<u8"),
        ("tag_key", "<i4"),
        ("kind", "<i4"),
        ("start_us", "<i8"),
        ("resolution_hz", "<f8"),
        ("lines", "<i8"),
        ("quality", "<u2"),
        ("is_rms", "<u2"),
        ("_spare", "<u4"),
        ("unit", "S16"),
    ]
)
_KINDS = tuple(SpectrumKind)


class SpectrumBoard(Mapped):
    """The latest spectrum of each kind of every waveform tag."""

    MAGIC = b"JDKSPECT"
    PART = "spectra"

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        count = int(self.header["count"][0])
        self._slots = np.frombuffer(segment.memory, dtype=_SLOT, count=count, offset=HEADER_BYTES)
        self._lines = np.frombuffer(
            segment.memory, dtype=np.float32, offset=HEADER_BYTES + count * _SLOT.itemsize
        )
        self._lines = self._lines[: len(self._lines) if count else 0].reshape(max(count, 1), -1)
        self._slot_of = {
            (int(slot["tag_key"]), _KINDS[int(slot["kind"])]): index for index, slot in enumerate(self._slots)
        }

    @classmethod
    def create(
        cls, folder: Path, tag_keys: Sequence[int], *, max_lines: int, epoch: int, config_hash: bytes = b""
    ) -> "SpectrumBoard":
        """Create one slot per tag and kind, each for up to ``max_lines`` lines."""
        count = len(tag_keys) * len(_KINDS)
        size = count * (_SLOT.itemsize + 4 * max_lines)
        segment = cls.allocate(folder, max(size, 8), count=count, epoch=epoch, config_hash=config_hash)
        slots = np.frombuffer(segment.memory, dtype=_SLOT, count=count, offset=HEADER_BYTES)
        slots["tag_key"] = np.repeat(np.asarray(tag_keys, dtype=np.int32), len(_KINDS))
        slots["kind"] = np.tile(np.arange(len(_KINDS), dtype=np.int32), len(tag_keys))
        return cls(segment)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False) -> "SpectrumBoard":
        """Attach; the analysis process writes, windows read. SegmentMissing when nobody made it."""
        return cls(cls.attach(folder, writable=writable))

    def write(
        self, tag_key: int, kind: SpectrumKind, spectrum: Spectrum, *, start_us: int, quality: int
    ) -> None:
        """Publish a spectrum; lines beyond the slot's room are cut off at the top."""
        number = self._slot_of[tag_key, kind]
        slot, count = self._slots[number], min(len(spectrum.amplitude), self._lines.shape[1])
        sequence = int(slot["seq"]) | 1
        slot["seq"] = sequence
        self._lines[number, :count] = spectrum.amplitude[:count]
        slot["start_us"], slot["resolution_hz"], slot["lines"] = start_us, spectrum.resolution_hz, count
        slot["quality"], slot["is_rms"], slot["unit"] = quality, spectrum.is_rms, spectrum.unit.encode()
        slot["seq"] = sequence + 1

    def read(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        """Return the latest spectrum of a kind, None before the first or for an unknown tag."""
        number = self._slot_of.get((tag_key, kind))
        if number is None:
            return None
        for _ in range(READ_ATTEMPTS):
            slot = self._slots[number].copy()
            sequence = int(slot["seq"])
            if sequence == 0:
                return None
            amplitude = self._lines[number, : int(slot["lines"])].copy()
            if not sequence & 1 and int(self._slots[number]["seq"]) == sequence:
                unit, is_rms = slot["unit"].decode(), bool(slot["is_rms"])
                spectrum = Spectrum(amplitude, float(slot["resolution_hz"]), unit, is_rms)
                return LiveSpectrum(spectrum, int(slot["start_us"]), int(slot["quality"]), sequence // 2)
        return None

    def _drop_views(self) -> None:
        self._slots = np.empty(0, dtype=_SLOT)
        self._lines = np.empty((0, 0), dtype=np.float32)
