"""A plant moves from files to a server and back, and nothing of it is lost [NEW-31]."""

from pathlib import Path

import numpy as np
import pytest

from domain.condition.alarms import AlarmEvent, AlarmRule, step
from domain.errors import AlreadyRunning, ConfigurationError, StorageError
from domain.plant.plant import Plant
from domain.plant.readings import reading_batch
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.ports import SpectrumRow
from domain.roles import Actor
from storage.data_folder import prepare_data_folder
from storage.moving import history as moving_history
from storage.moving.plant import move_plant
from storage.store import Store, open_store
from tests.storage.postgresql_stage import PostgresServer
from tests.storage.stored_plant import START_US, StillClock

DAY = 86_400_000_000


def _live(store: Store, clock: StillClock) -> None:
    """Leave a past in chunks and levels, a tail, waveforms of two months and spectra."""
    writer = store.open_history_writer()
    times = np.arange(START_US - 2 * DAY, START_US, 60_000_000)
    writer.write_past(1, time_us=times, value=np.sin(times / 1e9), quality=0)
    for number in range(120):
        at_us = START_US + number * 1_000_000
        keys = np.arange(1, 101)
        values = np.where(keys == 3, np.nan, keys + number * 0.5)
        batch = reading_batch(keys, values, quality=0, source_us=at_us, receive_us=at_us, sequence=number)
        writer.append(batch)
        writer.commit()
    writer.close()
    kept = store.open_waveforms(is_writer=True)
    samples = np.float32(np.arange(1000))
    for start_us in (START_US, START_US - 40 * DAY):
        kept.keep(Waveform(2, samples, 25600.0, start_us, "g", 0, 1), reason="schedule")
        spectrum = Spectrum(samples, 1.0, "mm/s")
        kept.keep_spectra([SpectrumRow(2, SpectrumKind.VELOCITY, start_us, spectrum, 0)])
    kept.close()


@pytest.fixture
def folder(
    tmp_path: Path, still_clock: StillClock, small_plant: Plant, hot_rule: AlarmRule, engineer: Actor
) -> Path:
    with_data = tmp_path / "data"
    store = open_store(with_data, role="collector", clock=still_clock)
    with store.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
        work.alarm_rules.save(hot_rule)
    normal = store.alarms.get(hot_rule.id)
    raised = step(normal, AlarmEvent.CONDITION_TRUE, latching=False, at_us=START_US, value=91.0)
    with store.unit_of_work(engineer) as work:
        work.alarms.compare_and_set(normal, raised, event=AlarmEvent.CONDITION_TRUE)
        work.next_number("work_order")
    _live(store, still_clock)
    store.close()
    return with_data


def _told(folder: Path, clock: StillClock) -> list[object]:
    """What a person and a program find in a plant, wherever it lies."""
    store = open_store(folder, role="tool", clock=clock)
    reader, kept = store.open_history_reader(), store.open_waveforms()
    window = {"start_us": START_US - 60 * DAY, "end_us": START_US + DAY}
    series = [reader.series(key, **window) for key in (1, 3, 77)]
    trend = reader.trend(1, columns=50, **window)
    told = [
        store.plant.load(),
        store.report.plant_id,
        store.alarms.all(),
        store.alarms.journal(0, 2**62),
        store.audit.heads(),
        store.audit.verify(),
        [(s.time_us.tolist(), np.nan_to_num(s.value, nan=-1).tolist(), s.quality.tolist()) for s in series],
        (trend.mean.tolist(), trend.count.tolist()),
        [kept.waveform(each.id).samples.tolist() for each in kept.waveforms(2, **window)],
        [row.time_us for row in kept.spectra(2, SpectrumKind.VELOCITY, **window)],
    ]
    for each in (reader, kept, store):
        each.close()
    return told


def test_a_plant_moves_to_a_server_and_back_without_loss(
    postgresql: PostgresServer, folder: Path, still_clock: StillClock, engineer: Actor
) -> None:
    before = _told(folder, still_clock)
    data = prepare_data_folder(folder)
    url = postgresql.fresh_database()
    there = {each.table: each for each in move_plant(data, target=url, clock=still_clock)}
    assert there["tail"].rows == 120
    assert there["waveform"].rows == there["spectrum"].rows == 2
    assert _told(folder, still_clock) == before
    assert not (folder / "plant.db").exists(), "the files lie in quarantine"
    with pytest.raises(ConfigurationError, match="already"):
        move_plant(data, target=url, clock=still_clock)
    back = {each.table: each for each in move_plant(data, target="sqlite", clock=still_clock)}
    assert {name: each.digest for name, each in back.items()} == {
        name: each.digest for name, each in there.items()
    }
    assert _told(folder, still_clock) == before
    _is_alive(folder, still_clock, engineer)


def _is_alive(folder: Path, clock: StillClock, engineer: Actor) -> None:
    """Counters and numbers go on where they were."""
    store = open_store(folder, role="collector", clock=clock)
    with store.unit_of_work(engineer) as work:
        assert work.next_number("work_order") == 2
        work.plant.save_setting("x", 1)
    assert store.wait_for_lease()
    writer = store.open_history_writer()
    at_us = START_US + 200_000_000
    writer.append(reading_batch([1], [5.0], quality=0, source_us=at_us, receive_us=at_us))
    assert writer.commit().samples == 1
    assert store.audit.verify().is_sound
    writer.close()
    store.close()


def test_a_moved_plant_goes_on_on_the_server(
    postgresql: PostgresServer, folder: Path, still_clock: StillClock, engineer: Actor
) -> None:
    move_plant(prepare_data_folder(folder), target=postgresql.fresh_database(), clock=still_clock)
    _is_alive(folder, still_clock, engineer)


def test_a_filled_target_or_a_running_plant_is_refused(
    postgresql: PostgresServer, folder: Path, still_clock: StillClock, tmp_path: Path
) -> None:
    data, url = prepare_data_folder(folder), postgresql.fresh_database()
    open_store(tmp_path / "other", role="tool", clock=still_clock, database=url).close()
    before = _told(folder, still_clock)
    with pytest.raises(ConfigurationError, match="empty database"):
        move_plant(data, target=url, clock=still_clock)
    running = open_store(folder, role="collector", clock=still_clock)
    with pytest.raises(AlreadyRunning):
        move_plant(data, target=postgresql.fresh_database(), clock=still_clock)
    running.close()
    assert _told(folder, still_clock) == before


def test_a_difference_is_found_and_the_source_stays(
    postgresql: PostgresServer, folder: Path, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checker is checked: a row that does not arrive is noticed."""
    before = _told(folder, still_clock)
    honest = moving_history.ServerSide.write

    def forgetful(self: moving_history.ServerSide, table: str, columns: str, rows: list[object]) -> None:
        honest(self, table, columns, rows[1:] if table == "chunk" else rows)  # type: ignore[arg-type]

    monkeypatch.setattr(moving_history.ServerSide, "write", forgetful)
    with pytest.raises(StorageError, match="table chunk"):
        move_plant(prepare_data_folder(folder), target=postgresql.fresh_database(), clock=still_clock)
    assert _told(folder, still_clock) == before
