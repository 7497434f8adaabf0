"""What the lane reads for a window of time: curves, states of the machines, their alarms, observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.assets import MachineState
from domain.plant.quality import CLASS_MASK, QualityCause, QualityClass
from domain.ports import HistorySeries, TrendColumns
from services.alarming import AlarmTransition
from services.reports import ObservationView
from services.workstation import Workstation

MOST_EVENTS = 400
BESIDE_US = 120 * MICROSECONDS_PER_SECOND
"""A little more than the window is read, so that curves run to its edges."""

STATE_LOOKBACK_US = 6 * MICROSECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Question:
    """A window to read; ``number`` grows, so that late answers to old questions are dropped."""

    number: int
    keys: tuple[int, ...]
    state_keys: tuple[int, ...]
    machine_ids: tuple[UUID, ...]
    start_us: int
    end_us: int
    columns: int


@dataclass(frozen=True, slots=True)
class StateRun:
    """A machine did one thing from start to end."""

    start_us: int
    end_us: int
    state: MachineState


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read for a question."""

    question: Question
    trends: Mapping[int, TrendColumns]
    states: Mapping[int, tuple[StateRun, ...]]
    events: tuple[AlarmTransition, ...]
    observations: tuple[ObservationView, ...]


def read_window(workstation: Workstation, question: Question) -> Answer:
    """Read everything a page of trends shows; for the database lane."""
    start_us, end_us, columns = question.start_us, question.end_us, question.columns
    history = workstation.history
    beside_us = BESIDE_US + (end_us - start_us) // 50
    trends = history.trends(
        question.keys, start_us=start_us - beside_us, end_us=end_us + beside_us, columns=columns
    )
    since_us = start_us - STATE_LOOKBACK_US
    states = history.trends(question.state_keys, start_us=since_us, end_us=end_us, columns=2 * columns)
    runs = {key: state_runs(each, start_us=start_us, end_us=end_us) for key, each in states.items()}
    events = workstation.alarming.journal(start_us=start_us, end_us=end_us, limit=MOST_EVENTS)
    seen = [
        each
        for machine_id in question.machine_ids
        for each in workstation.reporting.observations(machine_id, start_us=start_us, end_us=end_us)
    ]
    return Answer(question, trends, runs, events, tuple(seen[:MOST_EVENTS]))


def state_runs(columns: TrendColumns, *, start_us: int, end_us: int) -> tuple[StateRun, ...]:
    """Return the stretches of one state in a window.

    A state is stored when it changes and holds until the next one, but not over a stretch in which it was
    bad. A column with several states shows the one that is not running.
    """
    usable = (columns.count > 0) & np.isfinite(columns.maximum)
    values = np.rint(columns.maximum[usable]).astype(np.int64).tolist()
    times = columns.time_us[usable].tolist()
    gaps = [gap for gap in columns.gaps if gap.cause != QualityCause.NONE]
    runs: list[StateRun] = []
    for place, (value, begin) in enumerate(zip(values, times, strict=True)):
        stop = times[place + 1] if place + 1 < len(times) else end_us
        inside = begin + columns.column_us
        stop = min(
            (gap.start_us for gap in gaps if begin < gap.start_us < stop and gap.end_us > inside),
            default=stop,
        )
        low, high, state = max(begin, start_us), min(stop, end_us), _state(value)
        if high <= low:
            continue
        if runs and runs[-1].state is state and runs[-1].end_us == low:
            runs[-1] = StateRun(runs[-1].start_us, high, state)
        else:
            runs.append(StateRun(low, high, state))
    return tuple(runs)


def _state(value: int) -> MachineState:
    try:
        return MachineState(value)
    except ValueError:
        return MachineState.UNKNOWN


@dataclass(frozen=True, slots=True)
class Summary:
    """Smallest, mean and largest value between two instants; None where nothing good was stored."""

    low: float | None = None
    mean: float | None = None
    high: float | None = None


def summary(columns: TrendColumns | None, start_us: float, end_us: float) -> Summary:
    """Return the summary of a stretch; the mean weighs each column with its values."""
    if columns is None:
        return Summary()
    inside = (columns.time_us >= start_us - columns.column_us) & (columns.time_us <= end_us)
    inside &= (columns.count > 0) & ((columns.quality & CLASS_MASK) != QualityClass.BAD)
    inside &= np.isfinite(columns.mean)
    if not inside.any():
        return Summary()
    weight = columns.count[inside]
    return Summary(
        float(columns.minimum[inside].min()),
        float(np.average(columns.mean[inside], weights=weight)),
        float(columns.maximum[inside].max()),
    )


def read_raw(
    workstation: Workstation, keys: Sequence[int], *, start_us: int, end_us: int
) -> dict[int, HistorySeries]:
    """Read the stored samples of a window; for the database lane."""
    return {key: workstation.history.series(key, start_us=start_us, end_us=end_us) for key in keys}


def of_interest(
    events: Sequence[AlarmTransition], rule_tags: Mapping[UUID, int | None], keys: Sequence[int]
) -> list[AlarmTransition]:
    """Return the transitions of alarms on the tags on show, oldest first."""
    wanted = set(keys)
    return sorted((each for each in events if rule_tags.get(each.rule_id) in wanted), key=_instant)


def _instant(event: AlarmTransition) -> int:
    return event.at_us
