"""The demo plant is physics: a pure function of seed and index, consistent in itself, without a step."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from acquisition.simulators.plant_model import Endpoints, PlantModel
from acquisition.simulators.schedule import LineSchedule
from acquisition.simulators.vibration import BLOCK, SAMPLING_RATE_HZ
from acquisition.simulators.wear import FaultKind, FaultScript, PlantTime
from domain.plant.assets import MachineState
from domain.plant.bearings import defect_orders
from domain.plant.signals import Band
from domain.plant.tags import TagKind
from processing.bearing import find_line
from processing.spectrum import amplitude_spectrum, envelope_spectrum


@pytest.fixture(scope="module")
def model() -> PlantModel:
    return PlantModel(PlantTime(1_700_000_000_000_000))


def channel_key(model: PlantModel, name: str) -> int:
    return next(tag.key for tag in model.tags if tag.name == f"{name}.waveform")


def test_sample_i_does_not_depend_on_how_it_is_asked_for(model: PlantModel) -> None:
    channel = model.channels[channel_key(model, "FL2.DE")]
    first = 300 * SAMPLING_RATE_HZ + 17
    pieces = np.concatenate([channel.samples(first + offset, 777) for offset in range(0, 7770, 777)])
    again = PlantModel(model.time).channels[channel_key(model, "FL2.DE")].samples(first, 7770)
    assert (pieces == again).all()


def test_another_seed_is_another_plant(model: PlantModel) -> None:
    other = PlantModel(model.time, seed=1)
    key = channel_key(model, "FL2.DE")
    assert (model.channels[key].block(5) != other.channels[key].block(5)).any()


def test_the_first_fault_grows_from_healthy_to_severe_in_about_ten_minutes(model: PlantModel) -> None:
    channel = model.channels[channel_key(model, "FL2.DE")]
    sizes = [channel.size(FaultKind.OUTER_RACE, minute * 60.0) for minute in range(11)]
    assert sizes[0] == 0
    assert all(later >= earlier for earlier, later in pairwise(sizes))
    assert sizes[10] == 1


def test_a_severe_outer_race_shows_at_bpfo_with_slip(model: PlantModel) -> None:
    channel = model.channels[channel_key(model, "FL2.DE")]
    second = next(s for s in range(560, 700, 5) if channel.motion.at(np.array([s, s + 2.0]))[0].min() > 24)
    samples = channel.samples(second * SAMPLING_RATE_HZ, 32_768)
    spectrum = envelope_spectrum(
        samples, sampling_rate_hz=float(SAMPLING_RATE_HZ), unit="g", band=Band("e", 2000, 6000)
    )
    bpfo_hz = defect_orders(channel.bearing).bpfo * channel.motion.speed_hz
    line = find_line(spectrum, bpfo_hz)
    assert line.prominence_db > 25
    assert line.frequency_hz == pytest.approx(bpfo_hz * 0.992, rel=0.008)


def test_a_standing_machine_is_quiet_and_the_shaft_line_follows_the_speed(model: PlantModel) -> None:
    channel = model.channels[channel_key(model, "FL1.DE")]
    window = channel.motion.segments(-20_000.0, 0.0)
    ends = np.append(window.start_s[1:], 0.0)
    stop = next(
        start for start, end, state in zip(window.start_s, ends, window.state, strict=True)
        if state != MachineState.RUN.value and end - start > 15
    )  # fmt: skip
    quiet = channel.samples(int((stop + 8) * SAMPLING_RATE_HZ), BLOCK)
    assert quiet.std() < 0.01
    running = channel.samples(int((stop - 60) * SAMPLING_RATE_HZ), 32_768)
    spectrum = amplitude_spectrum(running, sampling_rate_hz=float(SAMPLING_RATE_HZ), unit="g")
    speed_hz = channel.motion.at(np.array([stop - 60.0]))[0][0]
    assert find_line(spectrum, float(speed_hz)).frequency_hz == pytest.approx(speed_hz, rel=0.01)


def test_past_and_present_join_without_a_step(model: PlantModel) -> None:
    around = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    for tag in model.tags:
        if tag.key in model.values and tag.kind is TagKind.MEASURED and tag.normal_high is not None:
            assert tag.normal_low is not None
            values = model.values[tag.key].at(around)
            assert np.ptp(values) <= 0.5 * (tag.normal_high - tag.normal_low)


def test_counters_only_grow(model: PlantModel) -> None:
    for tag in model.tags:
        if tag.kind is TagKind.COUNTER:
            values = model.values[tag.key].at(np.linspace(-7200, 7200, 500))
            assert (np.diff(values) >= 0).all()


def test_a_stop_blocks_upstream_and_starves_downstream() -> None:
    schedule = LineSchedule(seed=3, line="L", machines=7)
    event = next(
        event for hour in range(200) for event in schedule.events(hour)
        if event.machine == 3 and event.duration_s > 40 and event.state is MachineState.STOP
    )  # fmt: skip
    moment = np.array([event.start_s + 20])
    states = [
        schedule.segments(machine, start_s=event.start_s - 1, end_s=event.start_s + 60).at(moment)[0]
        for machine in range(7)
    ]
    assert states[2] == MachineState.BLOCKED.value
    assert states[3] == MachineState.STOP.value
    assert states[4] == MachineState.STARVED.value


def test_a_repaired_place_is_healthy_until_its_next_cycle() -> None:
    script = FaultScript("M", "DE", FaultKind.OUTER_RACE, 1.0, 10.0, severe_days=2.0, cycle_days=30.0)
    sizes = script.size(np.array([0.5, 1.0, 11.5, 13.5, 31.0, 42.0]))
    assert sizes.tolist() == [0, 0, 1, 0, 0, 1]


def test_the_set_up_is_whole(model: PlantModel) -> None:
    plant = model.plant(Endpoints(1, 2, 3))
    assert len({tag.key for tag in plant.tags}) == len(plant.tags)
    assert len({tag.name for tag in plant.tags}) == len(plant.tags)
    streaming = [tag for tag in plant.tags if tag.capture is not None and tag.capture.is_streaming]
    assert len(streaming) >= 8
    for point in plant.points:
        assert point.bearing is not None
        assert plant.tag(point.speed_tag_key or 0).unit == "1/min"


def test_a_schedule_travels_without_what_it_has_drawn() -> None:
    """Its hours are drawn by one thread while another packs it for a process."""
    schedule = LineSchedule(seed=3, line="L", machines=7)
    events = [schedule.events(hour) for hour in range(50)]
    copy = pickle.loads(pickle.dumps(schedule))
    assert len(pickle.dumps(schedule)) < 500
    assert [copy.events(hour) for hour in range(50)] == events
