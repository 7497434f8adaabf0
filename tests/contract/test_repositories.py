"""What every repository keeps, whatever the engine below it."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from domain.condition.alarms import AlarmEvent, AlarmRule, AlarmState, step
from domain.condition.evidence import (
    ManualReading,
    MissedReading,
    MissReason,
    Observation,
    ObservationKind,
)
from domain.errors import Conflict, NotFound, StorageError
from domain.plant.bearings import BearingGeometry, BearingType
from domain.plant.files import FileOutcome, TakenFile
from domain.plant.plant import Plant
from domain.roles import Actor
from storage.repositories.condition import Baseline
from storage.schema import METADATA
from storage.store import Store
from tests.storage.stored_plant import (  # noqa: F401
    START_US,
    either_store,
    engineer,
    furnished,
    hot_rule,
    operator,
    small_plant,
    still_clock,
)


@pytest.fixture
def store(either_store: Store) -> Store:
    """Every test of this file runs on both engines."""
    return either_store


def test_an_imported_plant_loads_as_it_was(furnished: Store, small_plant: Plant) -> None:
    loaded = furnished.plant.load()
    assert set(loaded.assets) == set(small_plant.assets)
    assert loaded.points == small_plant.points
    assert loaded.tags == small_plant.tags
    assert loaded.connections == small_plant.connections
    assert (loaded.zone, loaded.site_name) == ("Europe/Berlin", "Works")


def test_conflict_names_who_changed_an_asset_first(
    furnished: Store, engineer: Actor, operator: Actor
) -> None:
    """F45: one wins, the other is told; no update is lost."""
    read = furnished.plant.load().asset(UUID(int=3))
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_asset(replace(read, name="Filler 2"))
    with pytest.raises(Conflict) as told, furnished.unit_of_work(operator) as work:
        work.plant.save_asset(replace(read, name="Other"))
    assert told.value.parameters["by"] == "Erna"
    assert furnished.plant.load().asset(UUID(int=3)).name == "Filler 2"


def test_a_changed_unit_opens_a_revision_and_a_new_label_does_not(furnished: Store, engineer: Actor) -> None:
    tag = furnished.plant.load().tag(1)
    with furnished.unit_of_work(engineer) as work:
        tag = work.plant.save_tag(replace(tag, label="Oil temperature"))
        assert tag.revision == 1
        tag = work.plant.save_tag(replace(tag, unit="K"))
    assert (tag.revision, tag.version) == (2, 3)
    assert [row["unit"] for row in furnished.plant.tag_revisions(1)] == ["degC", "K"]
    assert furnished.plant.load().tag(1) == tag


def test_the_key_of_a_removed_tag_is_never_given_again(furnished: Store, engineer: Actor) -> None:
    """An imported tag brings its key along; history knows its values by it for ever."""
    with furnished.unit_of_work(engineer) as work:
        work.plant.remove_tag(furnished.plant.load().tag(2))
    with furnished.unit_of_work(engineer) as work:
        assert work.plant.next_tag_key() == 3


def test_a_failed_unit_of_work_leaves_no_trace(furnished: Store, engineer: Actor) -> None:
    cursor, entries = furnished.changes.latest(), furnished.audit.verify().entries
    renamed = replace(furnished.plant.load().asset(UUID(int=3)), name="X")

    def rename_then_fail() -> None:
        with furnished.unit_of_work(engineer) as work:
            work.plant.save_asset(renamed)
            work.plant.set_connection_options(UUID(int=99), {})

    with pytest.raises(NotFound):
        rename_then_fail()
    assert furnished.changes.since(cursor) == ()
    assert furnished.audit.verify().entries == entries
    assert furnished.plant.load().asset(UUID(int=3)).name == "Filler"


def test_an_alarm_moves_by_compare_and_set_with_its_journal(
    furnished: Store, hot_rule: AlarmRule, engineer: Actor, operator: Actor
) -> None:
    normal = furnished.alarms.get(hot_rule.id)
    raised = step(normal, AlarmEvent.CONDITION_TRUE, latching=False, at_us=5, value=91.0)
    with furnished.unit_of_work(engineer) as work:
        work.alarms.compare_and_set(normal, raised, event=AlarmEvent.CONDITION_TRUE)
    assert furnished.alarms.listed() == (raised,)
    known = step(raised, AlarmEvent.ACKNOWLEDGE, latching=False, at_us=6, by="Otto", note="seen")
    with furnished.unit_of_work(operator) as work:
        work.alarms.compare_and_set(raised, known, event=AlarmEvent.ACKNOWLEDGE)
    with pytest.raises(Conflict) as told, furnished.unit_of_work(engineer) as work:
        work.alarms.compare_and_set(raised, known, event=AlarmEvent.ACKNOWLEDGE)
    assert told.value.parameters["by"] == "Otto"
    newest, oldest = furnished.alarms.journal(0, 100)
    assert (oldest.state_to, newest.state_to) == (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)
    assert (oldest.value, newest.by, newest.note) == (91.0, "Otto", "seen")


def test_a_waveform_linked_meanwhile_survives_an_acknowledgement(
    furnished: Store, hot_rule: AlarmRule, engineer: Actor, operator: Actor
) -> None:
    normal = furnished.alarms.get(hot_rule.id)
    raised = step(normal, AlarmEvent.CONDITION_TRUE, latching=False, at_us=5)
    with furnished.unit_of_work(engineer) as work:
        work.alarms.compare_and_set(normal, raised, event=AlarmEvent.CONDITION_TRUE)
    with furnished.unit_of_work(engineer) as work:
        work.alarms.link_waveform(raised.id, UUID(int=77))
    known = step(raised, AlarmEvent.ACKNOWLEDGE, latching=False, at_us=6, by="Otto")
    with furnished.unit_of_work(operator) as work:
        work.alarms.compare_and_set(raised, known, event=AlarmEvent.ACKNOWLEDGE)
    stored = furnished.alarms.get(raised.id)
    assert (stored.state, stored.waveform_id) == (AlarmState.ACKNOWLEDGED, UUID(int=77))


def test_the_feed_tells_each_change_once_in_order(furnished: Store, engineer: Actor) -> None:
    cursor = furnished.changes.latest()
    assert furnished.changes.has_changed()
    furnished.changes.since(cursor)
    assert not furnished.changes.has_changed()
    with furnished.unit_of_work(engineer) as work:
        saved = work.plant.save_asset(replace(furnished.plant.load().asset(UUID(int=3)), name="New"))
    assert furnished.changes.has_changed()
    assert furnished.changes.has_changed(), "nobody has read it yet"
    (change,) = furnished.changes.since(cursor)
    assert not furnished.changes.has_changed()
    assert (change.kind, change.aggregate_id, change.version) == ("asset", saved.id, saved.version)
    assert furnished.changes.prune(before_us=2**60) > 0
    assert furnished.changes.latest() == change.id


def test_more_changes_than_a_page_holds_are_all_told(furnished: Store, engineer: Actor) -> None:
    cursor = furnished.changes.latest()
    for name in ("A", "B", "C"):
        with furnished.unit_of_work(engineer) as work:
            work.plant.save_asset(replace(furnished.plant.load().asset(UUID(int=3)), name=name))
    told = []
    while furnished.changes.has_changed():
        page = furnished.changes.since(cursor, limit=2)
        told.append(len(page))
        cursor = page[-1].id if page else cursor
    assert told == [2, 1]


def test_baselines_rules_settings_and_numbers_are_kept(furnished: Store, engineer: Actor) -> None:
    with furnished.unit_of_work(engineer) as work:
        kept = work.baselines.save(Baseline(UUID(int=4), {"median": [1.5, 2.5]}))
        work.plant.save_setting("retention", {"raw_days": 30})
        assert [work.next_number("work_order") for _ in range(3)] == [1, 2, 3]
    assert furnished.baselines.get(UUID(int=4)) == kept
    assert furnished.plant.setting("retention") == {"raw_days": 30}
    assert furnished.alarm_rules.all()[0].limit is not None
    assert [user.name for user in furnished.users()] == ["local"]


def test_a_reading_by_hand_is_unrecorded_until_history_has_its_present_version(
    furnished: Store, operator: Actor, engineer: Actor
) -> None:
    """ACQ-5: a correction made while the collector copies is not taken for recorded."""
    reading = ManualReading(UUID(int=50), 1, 42.0, 1000, "Otto", "by eye")
    with furnished.unit_of_work(operator) as work:
        work.manual_readings.add(reading)
    assert furnished.manual_readings.unrecorded() == (reading,)
    with furnished.unit_of_work(operator) as work:
        right = work.manual_readings.correct(reading, replace(reading, value=4.2), reason="typing")
    with furnished.unit_of_work(engineer) as work:
        work.manual_readings.mark_recorded([reading])
    assert furnished.manual_readings.unrecorded() == (right,)
    with furnished.unit_of_work(engineer) as work:
        work.manual_readings.mark_recorded([right])
    assert furnished.manual_readings.unrecorded() == ()
    assert furnished.manual_readings.of_tags([1], start_us=1000, end_us=1001)[0].value == 4.2
    with pytest.raises(Conflict), furnished.unit_of_work(operator) as work:
        work.manual_readings.correct(reading, reading, reason="again")
    with pytest.raises(NotFound):
        furnished.manual_readings.get(UUID(int=51))


def test_what_could_not_be_read_is_found_by_its_tag(furnished: Store, operator: Actor) -> None:
    """ACQ-5."""
    missed = MissedReading(UUID(int=70), 1, MissReason.NO_ACCESS, 500, "Otto", "guard locked")
    with furnished.unit_of_work(operator) as work:
        work.missed_readings.add(missed)
    assert furnished.missed_readings.of_tags([1, 2], start_us=500, end_us=501) == (missed,)
    assert furnished.missed_readings.of_tags([2], start_us=0, end_us=501) == ()
    (act,) = furnished.audit.of([missed.id], action="miss")
    assert (act.user_name, act.kind) == (operator.name, "missed_reading")


def test_observations_and_taken_files_are_found_again(furnished: Store, operator: Actor) -> None:
    """ACQ-6, NEW-30: the same content is noted once."""
    seen = Observation(UUID(int=60), UUID(int=3), ObservationKind.SMELL, "burnt", 500, "Otto", UUID(int=4))
    file = TakenFile(UUID(int=5), b"d" * 32, "a.csv", FileOutcome.REJECTED, "row 2")
    with furnished.unit_of_work(operator) as work:
        work.observations.add(seen)
        work.taken_files.add(file)
    assert furnished.observations.of_assets([UUID(int=3)], start_us=0, end_us=501) == (seen,)
    assert furnished.observations.of_assets([UUID(int=2)], start_us=0, end_us=501) == ()
    stored = furnished.taken_files.find(UUID(int=5), b"d" * 32)
    assert stored == replace(file, taken_us=START_US)
    assert furnished.taken_files.find(UUID(int=5), b"e" * 32) is None
    with pytest.raises(StorageError), furnished.unit_of_work(operator) as work:
        work.taken_files.add(file)
    assert furnished.taken_files.of_connection(UUID(int=5)) == (stored,)


def test_writing_outside_a_unit_of_work_is_refused(furnished: Store, small_plant: Plant) -> None:
    with pytest.raises(StorageError, match="unit of work"):
        furnished.plant.save_asset(small_plant.assets[0])


def test_the_schema_is_portable() -> None:
    """Every table has a PostgreSQL form."""
    for table in METADATA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_the_newest_edition_of_a_bearing_goes_again_and_an_older_one_stays(
    furnished: Store, engineer: Actor
) -> None:
    first = BearingType(UUID(int=90), "SKF", BearingGeometry("6205", 9, 7.9, 39.0))
    second = first.corrected(BearingGeometry("6205", 9, 7.94, 39.04), identity=UUID(int=91))
    with furnished.unit_of_work(engineer) as work:
        work.bearings.add(first)
        work.bearings.add(second)
    with pytest.raises(Conflict) as told, furnished.unit_of_work(engineer) as work:
        work.bearings.remove(first)
    assert told.value.parameters["by"] == "Erna"
    with furnished.unit_of_work(engineer) as work:
        work.bearings.remove(second)
    assert furnished.bearings.editions("skf", "6205") == (first,)
    with pytest.raises(NotFound), furnished.unit_of_work(engineer) as work:
        work.bearings.remove(second)
