"""What passes between the collector and its analysis process."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.condition.baseline import RobustBaseline
from domain.plant.readings import ReadingBatch
from domain.plant.signals import Waveform
from domain.plant.tags import Tag
from domain.ports import SpectrumRow, WaveformWindow


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """What one block or one round yielded: values to publish, spectra and waveforms to keep."""

    values: ReadingBatch
    spectra: tuple[SpectrumRow, ...] = ()
    waveform: Waveform | None = None
    learned: Mapping[int, RobustBaseline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeepIntervals:
    """How often spectra and waveforms of a point are stored, in seconds."""

    spectra_s: float = 600.0
    waveforms_s: float = 3600.0


def waveform_of(tag: Tag, window: WaveformWindow) -> Waveform:
    """Return a window of a channel as a waveform to keep."""
    return Waveform(
        tag.key,
        window.samples,
        window.sampling_rate_hz,
        window.start_us,
        tag.unit,
        window.quality,
        tag.revision,
    )
