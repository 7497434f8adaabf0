"""Readings by hand and observations over a real database [ACQ-5, ACQ-6, ROL-1]."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.condition.evidence import ObservationKind
from domain.errors import Conflict, NotPermitted, RuleViolation, UnitError
from domain.roles import Actor, Role
from services.reporting import UNUSUAL, NewReading, Reporting
from storage.store import Store, open_store
from tests.conftest import FakeClock
from tests.services.intake_stage import CURRENT, LEAK, NOISE, OTTO, PIA, PUMP, SITE, SUPPLY, VALVE, furnish

HOUR_US = 3_600_000_000
GUEST = Actor(UUID(int=9), Role.VIEWER, "ws-3", "Guest")


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", role="tool", clock=clock)
    furnish(opened, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def reporting(store: Store, clock: FakeClock) -> Reporting:
    return Reporting(store, clock=clock)


def test_a_round_names_what_to_read_and_keeps_the_good_entries(
    reporting: Reporting, clock: FakeClock
) -> None:
    """ACQ-5: an asset without a sensor has readings with author, time, unit and note."""
    lines = reporting.round_of(SITE.id)
    assert [line.tag.key for line in lines] == [CURRENT, NOISE]
    assert lines[0].units == ("A", "mA")
    assert lines[0].point == SUPPLY
    yesterday = clock.now_us() - 24 * HOUR_US
    entries = [
        NewReading(CURRENT, 8500.0, unit="mA", taken_us=yesterday, note=" at full load "),
        NewReading(CURRENT, 4000.0),
        NewReading(NOISE, 71.0),
        NewReading(LEAK, 20.0),
        NewReading(NOISE, 70.0, unit="dB"),
        NewReading(NOISE, float("nan")),
        NewReading(NOISE, 70.0, taken_us=clock.now_us() + HOUR_US),
    ]
    report = reporting.record_round(entries, by=OTTO)
    assert [view.reading.value for view in report.done] == [8.5, 71.0]
    assert (report.done[0].reading.note, report.done[0].reading.author) == ("at full load", "Otto")
    assert report.done[0].reading.taken_us == yesterday
    assert {place: error.key for place, error in report.refused} == {
        1: "reading_implausible",
        3: "tag_not_manual",
        4: "unit_dimension",
        5: "reading_implausible",
        6: "time_in_future",
    }
    assert reporting.round_of(PUMP.id)[0].last == report.done[0].reading


def test_an_unusual_value_is_stored_with_a_warning(reporting: Reporting) -> None:
    assert reporting.record_reading(NewReading(CURRENT, 11.0), by=PIA).warnings == (UNUSUAL,)
    assert reporting.record_reading(NewReading(CURRENT, 5.0), by=PIA).warnings == ()
    with pytest.raises(RuleViolation, match="not plausible"):
        reporting.record_reading(NewReading(CURRENT, -1.0), by=PIA)
    with pytest.raises(UnitError):
        reporting.record_reading(NewReading(CURRENT, 1.0, unit="V"), by=PIA)


def test_a_correction_keeps_both_values_for_the_auditor(reporting: Reporting, store: Store) -> None:
    recorded = reporting.record_reading(NewReading(CURRENT, 85.0), by=OTTO).reading
    with store.unit_of_work(PIA) as work:
        work.manual_readings.mark_recorded([recorded])
    before, after = reporting.correct_reading(recorded.id, 8.5, reason="decimal point", by=OTTO)
    assert (before.reading.value, after.reading.value) == (85.0, 8.5)
    assert (after.is_corrected, after.is_in_history) == (True, False), "history is to be told again"
    (shown,) = reporting.readings(CURRENT, start_us=0, end_us=2**62)
    assert shown.reading == after.reading
    acts = store.audit.entries(start_us=0, end_us=2**62)
    entries = [entry for entry in acts if entry.kind == "manual_reading"]
    assert {entry.action for entry in entries} == {"record", "correct"}
    assert any("decimal point" in str(entry.detail) and "85" in str(entry.detail) for entry in entries)
    assert store.audit.verify().is_sound


def test_who_may_correct_whom(reporting: Reporting, store: Store) -> None:
    mine = reporting.record_reading(NewReading(CURRENT, 5.0), by=PIA).reading
    with pytest.raises(NotPermitted):
        reporting.correct_reading(mine.id, 6.0, reason="x", by=OTTO)
    with pytest.raises(RuleViolation, match="reason"):
        reporting.correct_reading(mine.id, 6.0, reason=" ", by=PIA)
    stale = store.manual_readings.get(mine.id)
    reporting.correct_reading(mine.id, 6.0, reason="x", by=PIA)
    with pytest.raises(Conflict), store.unit_of_work(PIA) as work:
        work.manual_readings.correct(stale, stale, reason="late")


def test_an_observation_is_evidence_on_its_asset(reporting: Reporting, clock: FakeClock) -> None:
    """ACQ-6."""
    seen = clock.now_us() - HOUR_US
    kind = ObservationKind.NOISE
    reporting.observe(PUMP.id, kind, text="grinding", by=OTTO, point_id=VALVE.id, observed_us=seen)
    (view,) = reporting.observations(SITE.id, start_us=0, end_us=clock.now_us())
    assert (view.observation.text, view.observation.observed_us) == ("grinding", seen)
    assert (view.point, view.path.text) == (VALVE, "Pump")
    with pytest.raises(RuleViolation):
        reporting.observe(PUMP.id, ObservationKind.OTHER, text=" ", by=OTTO)
    with pytest.raises(RuleViolation):
        reporting.observe(PUMP.id, kind, text="x", by=OTTO, observed_us=clock.now_us() + HOUR_US)


def test_a_viewer_reports_nothing(reporting: Reporting, store: Store) -> None:
    """F69: asked directly, without a screen in between."""
    with pytest.raises(NotPermitted):
        reporting.record_reading(NewReading(CURRENT, 5.0), by=GUEST)
    with pytest.raises(NotPermitted):
        reporting.observe(PUMP.id, ObservationKind.HEAT, text="hot", by=GUEST)
    mine = reporting.record_reading(NewReading(CURRENT, 5.0), by=PIA).reading
    with pytest.raises(NotPermitted):
        reporting.correct_reading(mine.id, 6.0, reason="x", by=GUEST)
    assert store.manual_readings.get(mine.id) == mine
