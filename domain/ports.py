"""What services ask of the rooms below and beside them; presenters see the same protocols.

Value types only; the implementations are in ``acquisition``, ``storage`` and ``services``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.errors import Plain
from domain.plant.keeping import WaveformRules
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.signals import Spectrum, SpectrumKind, Waveform


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """Link state of one connection as shown in the status file and on screens.

    ``state`` is a ``DriverState`` value; ``last_value_age_s`` None before the first value; ``back_filled``
    values were fetched or delivered after an outage. ``message_key`` and ``parameters`` are those of the
    error that ended the link; ``detail`` is its English line, for logs and for keys without words.
    """

    connection_id: UUID
    name: str
    state: str
    last_value_age_s: float | None
    drops: dict[str, int] = field(default_factory=dict)
    message_key: str = ""
    parameters: dict[str, Plain] = field(default_factory=dict)
    detail: str = ""
    next_try_s: float | None = None
    back_filled: int = 0


@dataclass(frozen=True, slots=True)
class WaveformWindow:
    """Newest samples of a live channel.

    ``samples`` (n,) float32, a copy; ``first_index`` is the channel's own sample count of samples[0];
    ``lost`` samples since the index asked for were overwritten or never arrived. Sample i was taken at
    ``start_us + i / sampling_rate_hz``.
    """

    samples: NDArray[np.float32]
    first_index: int
    start_us: int
    sampling_rate_hz: float
    quality: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class LiveSpectrum:
    """The latest spectrum of a channel and when its block began; ``sequence`` grows with each new one."""

    spectrum: Spectrum
    start_us: int
    quality: int
    sequence: int


class LiveSource(Protocol):
    """Where screens take live values: rings on this PC, the database elsewhere."""

    def is_alive(self) -> bool:
        """Say whether the collector's heartbeat is younger than its limit."""
        ...

    def values(self, tag_keys: Sequence[int] | NDArray[np.int32]) -> ReadingBatch:
        """Return the latest reading of each tag asked for, in that order.

        A tag never seen reads NaN with quality "bad, not configured"; when the collector is not alive every
        quality is "bad, communication lost".
        """
        ...

    def waveform(self, tag_key: int, *, length: int) -> WaveformWindow | None:
        """Return the newest ``length`` contiguous samples or fewer, None before the first."""
        ...

    def spectrum(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        """Return the latest spectrum of a waveform tag, None before the first."""
        ...


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """A stretch without good values, ends included; ``cause`` is a QualityCause number."""

    start_us: int
    end_us: int
    cause: int


@dataclass(frozen=True, slots=True)
class HistorySeries:
    """Raw samples of one tag in time order: arrays of one length, bad rows included (value NaN or last)."""

    tag_key: int
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint16]
    revision: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TrendColumns:
    """A trend reduced to columns: min, max and mean of the good and uncertain values in each.

    ``time_us`` is the start of each column; columns without a value are left out. ``level_s`` is the
    resolution it was made from: 0 raw, 60 or 3600. ``quality`` is the worst class with its cause, plus the
    united flags of the column.
    """

    tag_key: int
    time_us: NDArray[np.int64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    count: NDArray[np.int64]
    quality: NDArray[np.uint16]
    column_us: int
    level_s: int
    gaps: tuple[HistoryGap, ...] = ()


@dataclass(frozen=True, slots=True)
class RawStatus:
    """From an instant (microseconds UTC) on a device said this of its value, as long as it was not good."""

    time_us: int
    code: int


class HistoryReader(Protocol):
    """Reading the past. Every call is bounded by the window and safe from any one thread at a time."""

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        """Return raw samples with start <= time < end, from chunks and the tail together."""
        ...

    def trend(self, tag_key: int, *, start_us: int, end_us: int, columns: int) -> TrendColumns:
        """Return at most ``columns`` columns, from the coarsest level that is fine enough."""
        ...

    def last_values(self, tag_keys: Sequence[int]) -> ReadingBatch:
        """Return the newest stored reading of each tag asked for."""
        ...

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the words of text tags by their number; unknown numbers are left out."""
        ...

    def raw_statuses(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[RawStatus]:
        """Return what the device said of values that were not good, the last word before the window first."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What one commit of the tail made durable."""

    samples: int
    committed_us: int


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """What was looked at and what is damaged; empty lists mean that all is well."""

    audit_entries: int
    audit_problem: str
    chunks: int
    damaged_chunks: tuple[str, ...]
    waveforms: int
    damaged_waveforms: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged."""
        return not (self.audit_problem or self.damaged_chunks or self.damaged_waveforms)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"is_sound": self.is_sound, **asdict(self)}


class TextNumbers(Protocol):
    """Numbers of texts: history and rings hold a text tag's value as a number."""

    def number_of(self, text: str) -> int:
        """Return the number of a text, a new one for a text never seen; quick, from any thread."""
        ...


class HistoryWriter(Protocol):
    """Writing the past. One writer per history database, in the collector."""

    @property
    def texts(self) -> TextNumbers:
        """The numbers under which the words of text tags are stored with the next commit."""
        ...

    def append(self, batch: ReadingBatch, *, revision: NDArray[np.int32] | int = 1) -> None:
        """Take a batch into the pending second; nothing is durable before ``commit``."""
        ...

    def commit(self) -> CommitReport:
        """Make everything pending durable; StorageError keeps it pending."""
        ...

    def compact(self, *, now_us: int, most_hours: int | None = None) -> int:
        """Move finished hours of the tail to chunks and levels; return the chunks written.

        ``most_hours`` bounds the hours of tags finished in this call; the rest follows with the next.
        """
        ...

    def prune(self, *, now_us: int) -> int:
        """Apply retention; return the rows removed."""
        ...

    def watch_clock(self) -> tuple[int, ...]:
        """Return the jumps of the wall clock since the last call, in microseconds; call it every second."""
        ...

    @property
    def is_clock_suspect(self) -> bool:
        """Whether a jump of over an hour waits for a person's word."""
        ...

    @property
    def confirmed_mark(self) -> int | None:
        """The mark of the last confirmation of the clock that was used, None before the first."""
        ...

    def confirm_clock(self, *, mark: int | None = None) -> None:
        """A person says that the clock is right; pruning goes on."""
        ...

    def write_past(
        self,
        tag_key: int,
        *,
        time_us: NDArray[np.int64],
        value: NDArray[np.float64],
        quality: NDArray[np.uint16] | int,
        revision: int = 1,
    ) -> int:
        """Write one tag's past straight to chunks and levels (import, demo plant); return chunks written."""
        ...

    @property
    def waiting_samples(self) -> int:
        """Samples that are durable on this PC and wait for their server."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class KeptWaveform:
    """Directory entry of a stored waveform; ``reason`` is "schedule", "alarm", "import" or "baseline"."""

    id: UUID
    tag_key: int
    start_us: int
    sampling_rate_hz: float
    length: int
    reason: str


@dataclass(frozen=True, slots=True)
class SpectrumRow:
    """A stored spectrum with its time."""

    tag_key: int
    kind: SpectrumKind
    time_us: int
    spectrum: Spectrum
    quality: int


class WaveformStore(Protocol):
    """Waveforms and spectra by month (UTC).

    ``problem`` tells of what was set aside at the opening, ``waiting_rows`` are durable on this PC and wait
    for their server.
    """

    @property
    def problem(self) -> str: ...

    @property
    def waiting_rows(self) -> int: ...

    def keep(self, waveform: Waveform, *, reason: str, identity: UUID | None = None) -> UUID:
        """Store a waveform durably and return its id; one that is kept under this id already stays."""
        ...

    def waveform(self, waveform_id: UUID) -> Waveform:
        """Return a stored waveform; NotFound when it is gone."""
        ...

    def waveforms(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[KeptWaveform]:
        """List what is kept of a tag in a time window, oldest first."""
        ...

    def tag_keys(self) -> Sequence[int]:
        """Return the tags of which any waveform is kept."""
        ...

    def keep_spectra(self, rows: Sequence[SpectrumRow]) -> None:
        """Store spectra durably."""
        ...

    def spectra(
        self, tag_key: int, kind: SpectrumKind, *, start_us: int, end_us: int, limit: int = 500
    ) -> Sequence[SpectrumRow]:
        """Return stored spectra in a time window, oldest first, thinned evenly to ``limit``."""
        ...

    def prune(self, rules: WaveformRules, *, most: int = 100) -> int:
        """Let go of some of what is too old, at most so many rows; return how many, 0 when all is done.

        The plant's rules let whole months go, those of single tags every waveform by itself.
        """
        ...

    def catch_up(self) -> int:
        """Send some of what waits for a server, oldest first; return how many rows wait still."""
        ...

    def close(self) -> None: ...


class Sink(Protocol):
    """What takes batches and blocks from a driver: the hub."""

    def publish(self, item: ReadingBatch | SampleBlock) -> None: ...
