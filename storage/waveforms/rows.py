"""Rows of kept waveforms and spectra and the domain's values, both ways; the same on either engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from domain.instants import to_microseconds
from domain.plant.keeping import ALARM, WaveformRules
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.ports import KeptWaveform, SpectrumRow
from storage.history.codec import ChunkCodec

INSERT_WAVEFORM: Final = (
    "INSERT INTO waveform (id, tag_key, start_us, sampling_rate_hz, length, unit, quality, revision, reason, "
    "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
"""The same waveform again changes nothing: its id may be derived from its content."""

SELECT_EVERY_WAVEFORM: Final = (
    "SELECT tag_key, body, length, sampling_rate_hz, start_us, unit, quality, revision FROM waveform"
)
SELECT_WAVEFORM: Final = f"{SELECT_EVERY_WAVEFORM} WHERE id = ?"
LIST_WAVEFORMS: Final = (
    "SELECT id, tag_key, start_us, sampling_rate_hz, length, reason FROM waveform "
    "WHERE tag_key = ? AND start_us >= ? AND start_us < ? ORDER BY start_us"
)
LIST_TAGS: Final = "SELECT DISTINCT tag_key FROM waveform"
INSERT_SPECTRUM: Final = (
    "INSERT INTO spectrum (tag_key, kind, time_us, resolution_hz, lines, unit, is_rms, quality, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tag_key, kind, time_us) DO UPDATE SET "
    "resolution_hz = excluded.resolution_hz, lines = excluded.lines, unit = excluded.unit, "
    "is_rms = excluded.is_rms, quality = excluded.quality, body = excluded.body"
)
LIST_SPECTRA: Final = (
    "SELECT time_us FROM spectrum WHERE tag_key = ? AND kind = ? AND time_us >= ? AND time_us < ? "
    "ORDER BY time_us"
)
SELECT_EVERY_SPECTRUM: Final = (
    "SELECT tag_key, kind, time_us, body, lines, resolution_hz, unit, is_rms, quality FROM spectrum"
)
SELECT_SPECTRUM: Final = f"{SELECT_EVERY_SPECTRUM} WHERE tag_key = ? AND kind = ? AND time_us = ?"
_FLOAT32 = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Some:
    """Some rows of "waveform" or "spectrum": a condition with its parameters."""

    table: str
    condition: str
    parameters: tuple[object, ...] = ()


def outdated(rules: WaveformRules, *, start_us: int, end_us: int) -> Iterator[Some]:
    """Yield what of a month is too old, sorted by which rule it is."""
    own, apart = tuple(rules.own_us), _marks(len(rules.own_us))
    if end_us <= rules.before_us:
        yield Some("waveform", f"reason <> ? AND tag_key NOT IN ({apart})", (ALARM, *own))
        yield Some("spectrum", f"tag_key NOT IN ({apart})", own)
    for tag_key, before_us in rules.own_us.items():
        if before_us > start_us:
            yield Some(
                "waveform", "tag_key = ? AND start_us < ? AND reason <> ?", (tag_key, before_us, ALARM)
            )
            yield Some("spectrum", "tag_key = ? AND time_us < ?", (tag_key, before_us))
    if end_us <= rules.alarm_us:
        yield Some("waveform", "reason = ?", (ALARM,))


def staying(rules: WaveformRules, *, end_us: int) -> Iterator[Some] | None:
    """Return what stays of a month where most of it is too old, None where the month as a whole is not."""
    if end_us > rules.before_us:
        return None
    return _staying(rules, end_us)


def _staying(rules: WaveformRules, end_us: int) -> Iterator[Some]:
    if end_us > rules.alarm_us:
        yield Some("waveform", "reason = ?", (ALARM,))
    own = tuple(tag_key for tag_key, before_us in rules.own_us.items() if before_us < end_us)
    if own:
        for table in ("waveform", "spectrum"):
            yield Some(table, f"tag_key IN ({_marks(len(own))})", own)


def _marks(count: int) -> str:
    return ", ".join("?" * count) or "-1"


def month_ends(year: int, month: int) -> tuple[int, int]:
    """Return begin and end of a UTC month in microseconds."""
    following = (year + month // 12, month % 12 + 1)
    begin, end = datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
    return to_microseconds(begin), to_microseconds(end)


def waveform_row(identity: UUID, waveform: Waveform, *, reason: str, codec: ChunkCodec) -> tuple[object, ...]:
    """Return the row of a waveform; samples are kept as lossless float32."""
    return (
        identity.bytes,
        waveform.tag_key,
        waveform.start_us,
        waveform.sampling_rate_hz,
        len(waveform.samples),
        waveform.unit,
        waveform.quality,
        waveform.revision,
        reason,
        codec.pack(np.asarray(waveform.samples, dtype=np.float32)),
    )


def waveform_of(row: Sequence[Any], codec: ChunkCodec) -> Waveform:
    """Return the waveform of a ``SELECT_WAVEFORM`` row; DatabaseDamaged when its bytes were changed."""
    tag_key, body, length, rate_hz, start_us, unit, quality, revision = row
    samples = codec.unpack(bytes(body), _FLOAT32, length)
    return Waveform(tag_key, samples, rate_hz, start_us, unit, quality, revision)


def kept_of(row: Sequence[Any]) -> KeptWaveform:
    """Return the directory entry of a ``LIST_WAVEFORMS`` row."""
    identity, *rest = row
    return KeptWaveform(UUID(bytes=bytes(identity)), *rest)


def spectrum_row(row: SpectrumRow, codec: ChunkCodec) -> tuple[object, ...]:
    """Return the columns of ``INSERT_SPECTRUM``."""
    spectrum = row.spectrum
    return (
        row.tag_key,
        row.kind.value,
        row.time_us,
        spectrum.resolution_hz,
        len(spectrum.amplitude),
        spectrum.unit,
        int(spectrum.is_rms),
        row.quality,
        codec.pack(np.asarray(spectrum.amplitude, dtype=np.float32)),
    )


def spectrum_of(row: Sequence[Any], codec: ChunkCodec) -> SpectrumRow:
    """Return the spectrum of a ``SELECT_SPECTRUM`` row."""
    tag_key, kind, time_us, body, lines, resolution_hz, unit, is_rms, quality = row
    spectrum = Spectrum(codec.unpack(bytes(body), _FLOAT32, lines), resolution_hz, unit, bool(is_rms))
    return SpectrumRow(tag_key, SpectrumKind(kind), time_us, spectrum, quality)


def thinned(times_us: Sequence[int], limit: int) -> list[int]:
    """Return at most ``limit`` of the instants, evenly chosen, first and last among them."""
    if len(times_us) <= limit:
        return list(times_us)
    return [times_us[place] for place in np.linspace(0, len(times_us) - 1, limit).round().astype(int)]
