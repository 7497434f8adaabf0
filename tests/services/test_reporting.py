"""Readings by hand and observations over a real database [ACQ-5, ACQ-6, ROL-1]."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from domain.condition.evidence import ManualReading, MissReason, ObservationKind
from domain.errors import Conflict, NotPermitted, RuleViolation, UnitError
from domain.plant.quality import GOOD, Quality, QualityCause
from domain.roles import Actor, Role
from services.history import History
from services.reporting import UNUSUAL, Reporting
from services.reports import MissedView, NewReading, NotMeasured, ObservationView, ReadingView
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


def test_a_reading_shows_what_it_said_before(reporting: Reporting, clock: FakeClock) -> None:
    """ACQ-5: before, after, who and why, from the audit log."""
    wrong = reporting.record_reading(NewReading(CURRENT, 85.0), by=OTTO).reading
    clock.advance(60)
    reporting.correct_reading(wrong.id, 9.5, reason="decimal point", by=OTTO)
    clock.advance(60)
    reporting.correct_reading(wrong.id, 8.5, reason="read again", by=PIA)
    reporting.record_reading(NewReading(CURRENT, 8.0), by=OTTO)
    plain, corrected = reporting.readings(CURRENT, start_us=0, end_us=2**62)
    assert plain.corrections == ()
    told = [(each.before, each.after, each.by, each.reason) for each in corrected.corrections]
    assert told == [(85.0, 9.5, "Otto", "decimal point"), (9.5, 8.5, "Pia", "read again")]


def test_what_cannot_be_measured_is_said_with_its_reason(reporting: Reporting, clock: FakeClock) -> None:
    """ACQ-5: a round has no hole that nobody explains; the next reading ends it."""
    reporting.record_reading(NewReading(CURRENT, 8.0), by=PIA)
    clock.advance(60)
    entries = [
        NotMeasured(CURRENT, MissReason.STOPPED, note=" since six "),
        NotMeasured(NOISE, MissReason.OTHER),
        NotMeasured(LEAK, MissReason.NO_ACCESS),
        NewReading(NOISE, 71.0),
    ]
    report = reporting.record_round(entries, by=OTTO)
    assert {place: error.key for place, error in report.refused} == {
        1: "miss_note_missing", 2: "tag_not_manual",
    }  # fmt: skip
    line = reporting.round_of(PUMP.id)[0]
    assert (line.last.value, line.missed) == (8.0, report.missed[0].missed)
    assert (line.missed.note, line.missed.author) == ("since six", "Otto")
    assert [type(each) for each in reporting.attempts(CURRENT, start_us=0, end_us=2**62)] == [
        MissedView, ReadingView,
    ]  # fmt: skip
    clock.advance(60)
    reporting.record_reading(NewReading(CURRENT, 8.1), by=OTTO)
    assert reporting.round_of(PUMP.id)[0].missed is None
    with pytest.raises(NotPermitted):
        reporting.record_round([NotMeasured(CURRENT, MissReason.STOPPED)], by=GUEST)


def test_everything_reported_of_a_machine_stands_in_one_row_of_time(
    reporting: Reporting, clock: FakeClock
) -> None:
    """ACQ-5, ACQ-6, NEW-2."""
    reporting.record_reading(NewReading(CURRENT, 8.0), by=PIA)
    clock.advance(1)
    reporting.observe(PUMP.id, ObservationKind.HEAT, text="", by=OTTO)
    clock.advance(1)
    reporting.record_round([NotMeasured(NOISE, MissReason.STOPPED)], by=OTTO)
    found = reporting.reports(SITE.id, start_us=0, end_us=2**62)
    assert [type(each) for each in found] == [MissedView, ObservationView, ReadingView]
    assert reporting.reports(SITE.id, start_us=0, end_us=2**62, limit=1) == found[:1]
    assert reporting.reports(SITE.id, start_us=clock.now_us() + 1, end_us=2**62) == ()


def test_a_value_is_judged_while_it_is_typed(reporting: Reporting) -> None:
    assert reporting.check(CURRENT, 11_000.0, unit="mA") == (11.0, (UNUSUAL,))
    assert reporting.check(CURRENT, 5.0) == (5.0, ())
    with pytest.raises(RuleViolation, match="not plausible"):
        reporting.check(CURRENT, 5e9)


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


def test_a_corrected_value_leaves_every_trend(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    """ACQ-5, NEW-14: history keeps the wrong row, marked; minimum, maximum and mean forget it."""
    reporting = Reporting(store, clock=clock)
    wrong = reporting.record_reading(NewReading(CURRENT, 85.0), by=OTTO).reading
    other = reporting.record_reading(
        NewReading(CURRENT, 7.0, taken_us=wrong.taken_us - 10_000_000), by=OTTO
    ).reading
    _, after = reporting.correct_reading(wrong.id, 8.5, reason="decimal point", by=OTTO)
    _copy_into_history(store, [wrong, other, after.reading])
    history = History(store, clock=clock, is_by_hand=reporting.is_by_hand)
    end_us = wrong.taken_us + HOUR_US
    series = history.series(CURRENT, start_us=end_us - 3 * HOUR_US, end_us=end_us)
    assert series.value.tolist() == [7.0, 85.0, 8.5]
    assert [Quality.from_code(int(code)).cause for code in series.quality] == [
        QualityCause.NONE, QualityCause.CORRECTED, QualityCause.NONE,
    ]  # fmt: skip
    for columns in (1, 3, 500, 20_000):
        trend = history.trend(CURRENT, start_us=end_us - 3 * HOUR_US, end_us=end_us, columns=columns)
        assert (trend.minimum.min(), trend.maximum.max(), trend.count.sum()) == (7.0, 8.5, 2), columns
    history.close()


def _copy_into_history(store: Store, readings: list[ManualReading]) -> None:
    """Do what the collector does with readings by hand, and finish their hours."""
    writer = store.open_history_writer()
    for each in readings:
        instant, value = np.array([each.history_us]), np.array([each.value])
        writer.write_past(CURRENT, time_us=instant, value=value, quality=GOOD)
    writer.close()
