"""The chain of acts: what was changed behind its back is named."""

import sqlite3

import pytest

from domain.errors import StorageError
from domain.roles import Actor
from storage.store import Store


def _behind_its_back(store: Store, *statements: str) -> None:
    raw = sqlite3.connect(store.folder.plant_db)
    for trigger in ("audit_no_update", "audit_no_delete"):
        raw.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


def test_each_workstation_has_its_own_chain(furnished: Store, operator: Actor) -> None:
    with furnished.unit_of_work(operator) as work:
        work.audit("refused", "command", furnished.report.plant_id, why="role")
    assert furnished.audit.verify().is_sound
    assert set(furnished.audit.heads()) == {"HALL-1", "HALL-2"}
    entry = furnished.audit.entries(start_us=0, end_us=2**62)[-1]
    assert (entry.workstation, entry.sequence, entry.detail) == ("HALL-2", 1, {"why": "role"})


@pytest.mark.parametrize(
    ("statement", "sequence", "problem"),
    [
        ("UPDATE audit SET user_name = 'Nobody' WHERE sequence = 4", 4, "changed"),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 5", 5, "changed"),
        ("DELETE FROM audit WHERE sequence = 3", 4, "missing"),
        ("DELETE FROM audit WHERE sequence >= 6", 6, "cut off"),
    ],
)
def test_the_first_bad_row_is_named(furnished: Store, statement: str, sequence: int, problem: str) -> None:
    _behind_its_back(furnished, statement)
    finding = furnished.audit.verify()
    assert (finding.workstation, finding.sequence) == ("HALL-1", sequence)
    assert problem in finding.problem


@pytest.mark.parametrize("act", ["UPDATE audit SET role = 'x'", "DELETE FROM alarm_journal"])
def test_the_database_itself_refuses_changes(furnished: Store, engineer: Actor, act: str) -> None:
    """F46: append-only is enforced by the schema, not by good manners."""
    if "journal" in act:
        _one_transition(furnished, engineer)

    def change() -> None:
        with furnished._database.write() as connection:
            connection.exec_driver_sql(act)

    with pytest.raises(StorageError):
        change()


def _one_transition(store: Store, actor: Actor) -> None:
    from domain.condition.alarms import AlarmEvent, step

    (alarm,) = store.alarms.all()
    with store.unit_of_work(actor) as work:
        raised = step(alarm, AlarmEvent.CONDITION_TRUE, latching=False, at_us=1)
        work.alarms.compare_and_set(alarm, raised, event=AlarmEvent.CONDITION_TRUE)
