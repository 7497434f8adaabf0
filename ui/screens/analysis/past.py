"""What the stored past knows of one point: baselines, kept records, waterfall rows, trends of bands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.plant.tags import Tag
from domain.ports import KeptWaveform, SpectrumRow, TrendColumns
from services.history import History
from services.waveforms import spectra_of
from ui.formatting import PlantTime
from ui.screens.analysis.points import PointEntry
from ui.text import QT_TRANSLATE_NOOP, tr
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow

KEPT_DAYS = 31
BAND_COLUMNS = 360
MOST_SPECTRA = 400
BASELINE_SPECTRA = 30
SHORTEST_GAP_US = 120 * MICROSECONDS_PER_SECOND
SAME_MOMENT_US = 2 * MICROSECONDS_PER_SECOND
SPEED_WITHIN_US = 30 * MICROSECONDS_PER_SECOND
HOLD_FACTOR = 2.5
_REASONS = {
    "schedule": QT_TRANSLATE_NOOP("Kept", "waveform"),
    "alarm": QT_TRANSLATE_NOOP("Kept", "alarm"),
    "import": QT_TRANSLATE_NOOP("Kept", "import"),
    "baseline": QT_TRANSLATE_NOOP("Kept", "baseline"),
    "spectrum": QT_TRANSLATE_NOOP("Kept", "spectrum"),
}


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One moment of which something is kept; without a waveform only its spectra are."""

    at_us: int
    reason: str
    waveform_id: UUID | None = None

    @property
    def key(self) -> str:
        return str(self.waveform_id or self.at_us)


@dataclass(frozen=True, slots=True)
class PointPast:
    """Everything read from the disk for one point."""

    point_id: UUID
    read_us: int
    span_us: int
    baselines: dict[SpectrumKind, Spectrum | None]
    spectra: tuple[SpectrumRow, ...]
    kept: tuple[KeptEntry, ...]
    trends: dict[int, TrendColumns]


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A kept moment ready to show; ``shaft_hz`` is what was measured then, None when it is not known."""

    entry: KeptEntry
    spectra: dict[SpectrumKind, Spectrum]
    waveform: Waveform | None
    shaft_hz: float | None


def read_past(
    history: History, entry: PointEntry, band_tags: Sequence[Tag], *, span_us: int, now_us: int
) -> PointPast:
    """Read the past of a point, trends over ``span_us``; for the database lane."""
    key, since = entry.waveform_key, now_us - KEPT_DAYS * MICROSECONDS_PER_DAY
    spectra = tuple(
        history.spectra(key, SpectrumKind.VELOCITY, start_us=since, end_us=now_us, limit=MOST_SPECTRA)
    )
    waveforms = history.waveforms(key, start_us=since, end_us=now_us)
    trends = history.trends(
        [tag.key for tag in band_tags],
        start_us=now_us - span_us,
        end_us=now_us,
        columns=BAND_COLUMNS,
    )
    trends = {key: upper_edge(columns) for key, columns in trends.items()}
    kinds = (SpectrumKind.VELOCITY, SpectrumKind.ENVELOPE)
    baselines = {kind: history.baseline_spectrum(key, kind) for kind in kinds}
    return PointPast(
        entry.point.id, now_us, span_us, baselines, spectra, kept_entries(waveforms, spectra), trends
    )


def upper_edge(columns: TrendColumns) -> TrendColumns:
    """Return a trend of the largest value per column without short gaps: stops of the machine are no news."""
    shortest_us = max(3 * columns.column_us, SHORTEST_GAP_US)
    gaps = tuple(gap for gap in columns.gaps if gap.end_us - gap.start_us > shortest_us)
    return replace(columns, minimum=columns.maximum, gaps=gaps)


def kept_entries(waveforms: Sequence[KeptWaveform], spectra: Sequence[SpectrumRow]) -> tuple[KeptEntry, ...]:
    """Return what is kept, the newest first; a spectrum of the moment of a waveform is not listed twice."""
    found: list[KeptEntry] = []
    for each in waveforms:
        if found and each.start_us - found[-1].at_us < SAME_MOMENT_US and each.reason == found[-1].reason:
            continue
        found.append(KeptEntry(each.start_us, each.reason, each.id))
    taken = np.array([each.start_us for each in waveforms], dtype=np.int64)
    for place, row in enumerate(spectra):
        if len(taken) and np.abs(taken - row.time_us).min() < SAME_MOMENT_US:
            continue
        found.append(KeptEntry(row.time_us, "baseline" if place < BASELINE_SPECTRA else "spectrum"))
    return tuple(sorted(found, key=_age))


def _age(entry: KeptEntry) -> int:
    return -entry.at_us


def kept_rows(
    entries: Sequence[KeptEntry],
    *,
    clock: PlantTime,
    now_us: int,
    symbols: dict[UUID, SymbolState],
) -> list[ListRow]:
    """Return the rows of the list of kept records; ``symbols`` by waveform for those an alarm took."""
    rows = []
    for entry in entries:
        symbol = symbols.get(entry.waveform_id) if entry.waveform_id is not None else None
        note = "" if symbol is not None else tr("Kept", _REASONS.get(entry.reason, entry.reason))
        rows.append(
            ListRow(
                entry.key,
                clock.brief(entry.at_us, now_us=now_us),
                note=note,
                symbol=symbol,
                tip=clock.tip(entry.at_us),
            )
        )
    return rows


def read_record(history: History, entry: PointEntry, kept: KeptEntry) -> KeptRecord:
    """Read one kept moment with its spectra; for the database lane, NotFound when retention took it."""
    shaft_hz = _speed_then(history, entry, kept.at_us)
    if kept.waveform_id is not None:
        waveform = history.waveform(kept.waveform_id)
        return KeptRecord(kept, dict(spectra_of(waveform, entry.point)), waveform, shaft_hz)
    found = {}
    for kind in (SpectrumKind.VELOCITY, SpectrumKind.ENVELOPE):
        rows = history.spectra(entry.waveform_key, kind, start_us=kept.at_us, end_us=kept.at_us + 1)
        if rows:
            found[kind] = rows[-1].spectrum
    return KeptRecord(kept, found, None, shaft_hz)


def _speed_then(history: History, entry: PointEntry, at_us: int) -> float | None:
    key = entry.point.speed_tag_key
    if key is None:
        return None
    series = history.series(key, start_us=at_us - SPEED_WITHIN_US, end_us=at_us + SPEED_WITHIN_US)
    good = ((series.quality & CLASS_MASK) != QualityClass.BAD) & np.isfinite(series.value)
    if not good.any():
        return None
    nearest = int(np.argmin(np.abs(series.time_us[good] - at_us)))
    return float(series.value[good][nearest]) / 60 * entry.point.speed_ratio


def waterfall_rows(
    spectra: Sequence[SpectrumRow], *, start_us: int, end_us: int, rows: int, reach_hz: float
) -> list[tuple[int, NDArray[np.float32], float]]:
    """Return (time, amplitude, resolution) for evenly spaced moments, oldest first.

    Each moment shows the newest spectrum before it; when that is much older than spectra usually lie apart,
    the row stays empty: a gap is seen as a gap.
    """
    inside = [row for row in spectra if row.time_us <= end_us]
    if not inside:
        return []
    times = np.array([row.time_us for row in inside], dtype=np.int64)
    apart = np.diff(times)[times[1:] >= start_us]
    usual = float(np.median(apart)) if len(apart) else float(end_us - start_us)
    step = (end_us - start_us) / rows
    hold = max(HOLD_FACTOR * usual, 1.5 * step)
    blank = np.zeros(2, np.float32)
    made = []
    for number in range(rows):
        slot_end = round(start_us + (number + 1) * step)
        place = int(np.searchsorted(times, slot_end, side="right")) - 1
        if place < 0 or slot_end - times[place] > hold + step:
            made.append((slot_end, blank, reach_hz))
            continue
        shown = inside[place].spectrum.up_to(reach_hz)
        made.append((int(times[place]), shown.amplitude, shown.resolution_hz))
    return made


def best_span(past: PointPast) -> str:
    """Return the hours that show most: the last one while spectra come often, else two days or a month."""
    for hours, fewest in (("1", 5), ("48", 24)):
        since = past.read_us - int(hours) * MICROSECONDS_PER_HOUR
        if sum(row.time_us > since for row in past.spectra) >= fewest:
            return hours
    return "720"
