"""The past as screens ask for it: trends, waveforms, spectra, baselines."""

from collections.abc import Callable, Sequence
from uuid import UUID

from domain.condition.baseline import RobustBaseline
from domain.condition.evidence import ManualReading
from domain.errors import InsufficientData
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Clock
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.ports import (
    HistoryReader,
    HistorySeries,
    KeptWaveform,
    RawStatus,
    SpectrumRow,
    TrendColumns,
    WaveformStore,
)
from processing.baseline import baseline_spectrum
from services.baselines import load_baselines
from services.corrected_past import corrected_series, corrected_trend
from storage.store import Store

BASELINE_SPECTRA = 30
BASELINE_SPAN_DAYS = 400


class History:
    """Bounded reads of the stored past; used from one thread at a time (the database lane of a window)."""

    def __init__(self, store: Store, *, clock: Clock, is_by_hand: Callable[[int], bool]) -> None:
        """``is_by_hand`` says which tags have their values from people, who may correct them."""
        self._store = store
        self._is_by_hand = is_by_hand
        self._clock = clock
        self._has_history = store.has_history
        self._opened: HistoryReader = store.open_history_reader()
        self._kept: WaveformStore = store.open_waveforms()

    @property
    def _reader(self) -> HistoryReader:
        """The reader; a window may be open before the first record is written."""
        if not self._has_history and self._store.has_history:
            self._has_history = True
            self._opened = self._store.open_history_reader()
        return self._opened

    def trend(self, tag_key: int, *, start_us: int, end_us: int, columns: int) -> TrendColumns:
        """Return a trend of at most ``columns`` columns."""
        trend = self._reader.trend(tag_key, start_us=start_us, end_us=end_us, columns=columns)
        if not self._corrected(tag_key, start_us=start_us, end_us=end_us) or not len(trend.time_us):
            return trend
        start_us = int(trend.time_us[0])
        end_us = int(trend.time_us[-1]) + trend.column_us + trend.level_s * MICROSECONDS_PER_SECOND
        corrected = self._corrected(tag_key, start_us=start_us, end_us=end_us)
        return corrected_trend(trend, self.series(tag_key, start_us=start_us, end_us=end_us), corrected)

    def _corrected(self, tag_key: int, *, start_us: int, end_us: int) -> tuple[ManualReading, ...]:
        if not self._is_by_hand(tag_key):
            return ()
        return self._store.manual_readings.corrected(tag_key, start_us=start_us, end_us=end_us)

    def trends(
        self, tag_keys: Sequence[int], *, start_us: int, end_us: int, columns: int
    ) -> dict[int, TrendColumns]:
        """Return the trends of several tags over one window."""
        return {key: self.trend(key, start_us=start_us, end_us=end_us, columns=columns) for key in tag_keys}

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        """Return raw samples, for export and for cursors."""
        series = self._reader.series(tag_key, start_us=start_us, end_us=end_us)
        corrected = self._corrected(tag_key, start_us=start_us, end_us=end_us)
        return corrected_series(series, corrected) if corrected else series

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the words of text tags by their number."""
        return self._reader.texts(numbers)

    def raw_statuses(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[RawStatus]:
        """Return what the device said of values that were not good, the last word before the window first."""
        return self._reader.raw_statuses(tag_key, start_us=start_us, end_us=end_us)

    def last_values(self, tag_keys: Sequence[int]) -> ReadingBatch:
        """Return the newest stored readings."""
        return self._reader.last_values(tag_keys)

    def waveforms(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[KeptWaveform]:
        """List kept waveforms, oldest first."""
        return self._kept.waveforms(tag_key, start_us=start_us, end_us=end_us)

    def waveform(self, waveform_id: UUID) -> Waveform:
        """Return a kept waveform; NotFound when retention took it."""
        return self._kept.waveform(waveform_id)

    def spectra(
        self, tag_key: int, kind: SpectrumKind, *, start_us: int, end_us: int, limit: int = 400
    ) -> Sequence[SpectrumRow]:
        """Return kept spectra for a waterfall, oldest first."""
        return self._kept.spectra(tag_key, kind, start_us=start_us, end_us=end_us, limit=limit)

    def baseline_spectrum(self, tag_key: int, kind: SpectrumKind) -> Spectrum | None:
        """Return the median of the oldest kept spectra of a point, None while there are none."""
        now_us = self._clock.now_us()
        rows = self._kept.spectra(
            tag_key, kind, start_us=now_us - BASELINE_SPAN_DAYS * MICROSECONDS_PER_DAY, end_us=now_us
        )
        try:
            return baseline_spectrum([row.spectrum for row in rows[:BASELINE_SPECTRA]])
        except InsufficientData:
            return None

    def baselines(self, plant: Plant) -> dict[int, RobustBaseline]:
        """Return the baseline of every figure that has one."""
        return load_baselines(self._store, plant)

    def close(self) -> None:
        """Close the connections of this reader."""
        self._reader.close()
        self._kept.close()
