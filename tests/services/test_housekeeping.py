"""Retention runs by itself, and waits when the clock cannot be trusted [F58]."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from domain.errors import ConfigurationError
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant
from domain.plant.readings import reading_batch
from domain.plant.signals import Waveform
from domain.plant.tags import Keeping, Tag, TagKind
from domain.ports import HistoryWriter
from services.access import program_actor
from services.housekeeping import FIRST_RETENTION_S, RETENTION_EVERY_S, Housekeeping
from storage.store import Store, open_store
from tests.conftest import FakeClock

DAY_S, DAY_US = 86_400, 86_400_000_000
SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
TAG = Tag(new_id(), 1, "P.temperature", "Temperature", TagKind.MEASURED, "degC", SITE.id)


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path, role="tool", clock=clock)
    with opened.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(Plant((SITE,), (), (TAG,), site_name="North"))
    yield opened
    opened.close()


@pytest.fixture
def history(store: Store, clock: FakeClock) -> Iterator[HistoryWriter]:
    """Samples of 100 days, the oldest beyond the 90 days of raw values."""
    writer = store.open_history_writer()
    time_us = clock.now_us() - np.arange(100, 0, -1) * DAY_US
    writer.write_past(1, time_us=time_us, value=np.arange(100.0), quality=0)
    yield writer
    writer.close()


def stored(store: Store, clock: FakeClock) -> int:
    reader = store.open_history_reader()
    try:
        return len(reader.series(1, start_us=0, end_us=clock.now_us()).value)
    finally:
        reader.close()


def test_old_rows_go_after_a_while_and_not_before(
    store: Store, history: HistoryWriter, clock: FakeClock
) -> None:
    keeping = Housekeeping(store, history, store.open_waveforms(is_writer=True), clock=clock)
    keeping.run()
    assert stored(store, clock) == 100
    clock.advance(FIRST_RETENTION_S)
    keeping.run()
    assert 80 <= stored(store, clock) < 100
    assert keeping.problems == ()


def test_the_plant_says_how_long_it_keeps_what(
    store: Store, history: HistoryWriter, clock: FakeClock
) -> None:
    """SET-1, NEW-27: another rule counts with the next start; a tag's own days count for its waveforms."""
    wave = Tag(
        new_id(), 2, "P.wave", "Wave", TagKind.WAVEFORM, "g", SITE.id, sampling_rate_hz=100.0,
        keeping=Keeping(raw_days=5),
    )  # fmt: skip
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.save_tag(wave)
        work.plant.save_keeping_days(KeepingDays(raw=30, waveforms=50))
    kept = store.open_waveforms(is_writer=True)
    for days, reason in ((10, "schedule"), (10, "alarm"), (2, "schedule")):
        start_us = clock.now_us() - days * DAY_US
        kept.keep(Waveform(2, np.float32([1, 2]), 100.0, start_us, "g", 0, 1), reason=reason)
    history.close()
    history = store.open_history_writer()
    keeping = Housekeeping(store, history, kept, clock=clock)
    clock.advance(FIRST_RETENTION_S)
    for _ in range(3):
        keeping.run()
    history.close()
    assert 25 <= stored(store, clock) <= 31
    left = kept.waveforms(2, start_us=0, end_us=clock.now_us())
    assert [each.reason for each in left] == ["alarm", "schedule"]


def test_days_that_cannot_be_are_refused(store: Store) -> None:
    for days in (KeepingDays(raw=0), KeepingDays(raw=900), KeepingDays(waveforms=None)):
        with pytest.raises(ConfigurationError), store.unit_of_work(program_actor("test")) as work:
            work.plant.save_keeping_days(days)
    assert store.plant.keeping_days() == KeepingDays()


def test_f58_a_clock_that_jumped_removes_nothing_and_is_told(
    store: Store, history: HistoryWriter, clock: FakeClock
) -> None:
    keeping = Housekeeping(store, history, store.open_waveforms(is_writer=True), clock=clock)
    clock.advance(FIRST_RETENTION_S)
    clock.wall_us += 3650 * DAY_US
    keeping.run()
    assert stored(store, clock) == 100
    assert "clock" in keeping.problems[0]
    clock.wall_us -= 3650 * DAY_US
    clock.advance(RETENTION_EVERY_S)
    keeping.run()
    assert stored(store, clock) == 100


def test_a_plant_that_stood_for_a_weekend_waits_a_day_and_troubles_nobody(
    store: Store, history: HistoryWriter, clock: FakeClock
) -> None:
    """F58: a rest can be a wrong date or a weekend; a day of even time tells, without a word."""
    at_us = clock.now_us()
    history.append(reading_batch([1], [1.0], quality=0, source_us=at_us, receive_us=at_us, sequence=1))
    history.commit()
    history.close()
    clock.advance(2 * DAY_S)
    again = store.open_history_writer()
    keeping = Housekeeping(store, again, store.open_waveforms(is_writer=True), clock=clock)
    clock.advance(FIRST_RETENTION_S)
    keeping.run()
    assert (stored(store, clock), keeping.problems) == (101, ())
    for _ in range(26):
        clock.advance(RETENTION_EVERY_S)
        keeping.run()
    assert stored(store, clock) < 101
    again.close()
