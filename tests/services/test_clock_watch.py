"""A clock that jumped is noted, removes nothing, and is trusted on a person's word [F58, F59, S-39]."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from domain.errors import NotPermitted
from domain.plant.readings import reading_batch
from domain.roles import Actor, Role
from services.clock_watch import NOTE_EVERY_S, confirm_time
from services.housekeeping import FIRST_RETENTION_S, RETENTION_EVERY_S, Housekeeping
from storage.history.clock_guard import STEADY_S
from storage.history.historian import Historian
from storage.store import Store, open_store
from tests.conftest import FakeClock

HOUR_S, DAY_S, DAY_US = 3600, 86_400, 86_400_000_000
ENA = Actor(UUID(int=5), Role.ENGINEER, "ws-1", "Ena")
SAMPLES = 100


class Site:
    """A data folder with a hundred days of one tag, and the collector's housekeeping over it."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.clock, self.folder = clock, folder
        self.store: Store = open_store(folder, role="collector", clock=clock)
        self.history: Historian = self.store.open_history_writer()
        self.kept = self.store.open_waveforms(is_writer=True)
        self.keeping = Housekeeping(self.store, self.history, self.kept, clock=clock)

    def fill(self) -> None:
        time_us = self.clock.now_us() - np.arange(SAMPLES, 0, -1) * DAY_US
        self.history.write_past(1, time_us=time_us, value=np.arange(float(SAMPLES)), quality=0)

    def work(self, seconds: float) -> None:
        """Let so much time pass, the wall clock running evenly, and take a reading."""
        self.clock.advance(seconds)
        now_us = self.clock.now_us()
        self.history.append(reading_batch([2], [1.0], quality=0, source_us=now_us, receive_us=now_us))
        self.history.commit()
        self.keeping.run()

    def restart(self, *, after_s: float = 5.0, set_by_s: float = 0.0) -> None:
        """Close all, wait, let somebody set the clock meanwhile, open again."""
        self.close()
        self.clock.advance(after_s)
        self.clock.wall_us += round(set_by_s * 1e6)
        self.__init__(self.folder, self.clock)  # type: ignore[misc]

    @property
    def stored(self) -> int:
        reader = self.store.open_history_reader()
        try:
            return len(reader.series(1, start_us=0, end_us=2**62).value)
        finally:
            reader.close()

    @property
    def jumps(self) -> list[dict[str, object]]:
        entries = self.store.audit.entries(start_us=-(2**62), end_us=2**62)
        return [dict(entry.detail) for entry in entries if entry.action == "clock_jumped"]

    def close(self) -> None:
        self.history.close()
        self.kept.close()
        self.store.close()


@pytest.fixture
def site(tmp_path: Path, clock: FakeClock) -> Iterator[Site]:
    made = Site(tmp_path, clock)
    made.fill()
    yield made
    made.close()


@pytest.mark.parametrize("jump_s", [-HOUR_S - 1, HOUR_S + 1, -3650 * DAY_S, DAY_S])
def test_f58_a_jump_is_audited_and_nothing_goes_until_a_person_confirms(site: Site, jump_s: int) -> None:
    """However evenly the clock runs afterwards: weeks on a wrong date must not eat the history."""
    site.work(1.0)
    site.clock.wall_us += jump_s * 1_000_000
    site.work(1.0)
    assert site.jumps == [{"largest_s": float(jump_s), "jumps": 1}]
    for _ in range(3):
        site.work(STEADY_S)
        assert site.stored == SAMPLES
    assert "clock" in site.keeping.problems[0]
    site.clock.wall_us -= jump_s * 1_000_000
    site.work(1.0)
    confirm_time(site.store, by=ENA, clock=site.clock)
    site.work(RETENTION_EVERY_S)
    assert site.stored < SAMPLES
    assert site.keeping.problems == ()
    assert site.store.audit.verify().is_sound


def test_f58_a_restart_does_not_make_a_wrong_date_right(site: Site) -> None:
    """The word may be given while nobody collects, and it counts for the jump before it only."""
    site.clock.wall_us += 3650 * DAY_US
    site.work(1.0)
    site.restart()
    site.work(FIRST_RETENTION_S)
    assert site.stored == SAMPLES
    site.clock.wall_us -= 3650 * DAY_US
    site.work(1.0)
    confirm_time(site.store, by=ENA, clock=site.clock)
    site.restart()
    site.work(FIRST_RETENTION_S)
    remaining = site.stored
    assert remaining < SAMPLES
    site.clock.wall_us += DAY_US
    site.work(RETENTION_EVERY_S)
    assert site.stored == remaining, "an old word says nothing of a new jump"


@pytest.mark.parametrize(("set_by_s", "is_noted"), [(-DAY_S, True), (40 * DAY_S, True), (3 * DAY_S, False)])
def test_f58_a_date_that_was_set_while_nobody_watched(site: Site, set_by_s: int, is_noted: bool) -> None:
    """Backwards or far ahead needs a person; a long weekend is believed after a day of even running."""
    site.work(10.0)
    site.restart(set_by_s=set_by_s)
    site.work(FIRST_RETENTION_S)
    assert site.stored == SAMPLES
    assert bool(site.jumps) is is_noted
    site.work(STEADY_S + RETENTION_EVERY_S)
    assert (site.stored < SAMPLES) is not is_noted


def test_f59_a_clock_set_back_again_and_again_fills_no_log(site: Site) -> None:
    for _ in range(50):
        site.clock.wall_us -= 2_500_000
        site.work(10.0)
    assert site.jumps == [{"largest_s": -2.5, "jumps": 1}]
    site.work(NOTE_EVERY_S)
    assert [each["jumps"] for each in site.jumps] == [1, 49]
    assert site.keeping.problems == (), "retention goes on"


def test_f46_a_jump_that_cannot_be_noted_is_noted_later(site: Site) -> None:
    refuse = "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END"
    _behind_its_back(site, refuse)
    site.clock.wall_us += DAY_US
    site.work(1.0)
    _behind_its_back(site, "DROP TRIGGER no_audit")
    site.work(1.0)
    assert site.jumps == [{"largest_s": float(DAY_S), "jumps": 1}]


def test_an_operator_may_not_confirm_the_time(site: Site) -> None:
    with pytest.raises(NotPermitted):
        confirm_time(site.store, by=Actor(UUID(int=6), Role.OPERATOR, "ws-1"), clock=site.clock)


def _behind_its_back(site: Site, statement: str) -> None:
    with sqlite3.connect(site.store.folder.plant_db) as raw:
        raw.execute(statement)
    raw.close()
