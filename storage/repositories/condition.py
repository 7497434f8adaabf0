"""Alarm rules, the present alarm rows with their journal, and baselines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from domain.condition.alarms import Alarm, AlarmEvent, AlarmRule, AlarmState, Overlay
from domain.errors import NotFound
from storage.repositories.condition_rows import (
    AlarmTransition,
    alarm_of,
    alarm_row,
    journal_row,
    rule_of,
    rule_row,
    transition_of,
)
from storage.repositories.versions import conflict, write_version
from storage.schema.condition import alarm_journal, alarm_rules, alarms, baselines
from storage.unit_of_work import Session

_BY_PEOPLE = frozenset({AlarmEvent.ACKNOWLEDGE, AlarmEvent.RESET})


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is normal at a point; ``body`` is plain JSON data of robust statistics per operating state."""

    point_id: UUID
    body: Mapping[str, object]
    learned_us: int = 0
    version: int = 1


class AlarmRuleRepository:
    """Rules as set up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> tuple[AlarmRule, ...]:
        """Return every rule, the oldest first."""
        with self._session.reading() as connection:
            return tuple(
                rule_of(row._asdict())
                for row in connection.execute(select(alarm_rules).order_by(alarm_rules.c.id))
            )

    def save(self, rule: AlarmRule) -> AlarmRule:
        """Insert or update by version compare; a new rule gets its alarm row, of the same id, in state A."""
        work = self._session.transaction
        new = write_version(work, alarm_rules, rule_row(rule), kind="alarm_rule", version=rule.version)
        if new == 1:
            row = alarm_row(Alarm(rule.id, rule.id, changed_us=work.at_us))
            work.connection.execute(insert(alarms), row | {"changed_by": work.writer})
        work.audited("create" if new == 1 else "change", "alarm_rule", rule.id, rule=asdict(rule))
        return replace(rule, version=new)

    def remove(self, rule: AlarmRule) -> None:
        """Take a rule out with its alarm row; the journal keeps what happened.

        NotFound when it is gone already, Conflict after another's change.
        """
        work = self._session.transaction
        found = work.connection.execute(select(alarm_rules).where(alarm_rules.c.id == rule.id)).one_or_none()
        if found is None:
            raise NotFound(f"alarm rule {rule.id} was removed meanwhile", key="row_gone", kind="alarm_rule")
        if found.version != rule.version:
            raise conflict("alarm_rule", rule.id, by=found.changed_by, at_us=found.changed_us)
        work.connection.execute(delete(alarms).where(alarms.c.rule_id == rule.id))
        work.connection.execute(delete(alarm_rules).where(alarm_rules.c.id == rule.id))
        work.changed("alarm_rule", rule.id, rule.version + 1)
        work.changed("alarm", rule.id, rule.version + 1)
        work.audited("remove", "alarm_rule", rule.id, rule=asdict(rule))


class AlarmRepository:
    """The row is the truth: collector and windows change it by compare-and-set."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> tuple[Alarm, ...]:
        """Return the present row of every rule."""
        with self._session.reading() as connection:
            return tuple(
                alarm_of(row._asdict()) for row in connection.execute(select(alarms).order_by(alarms.c.id))
            )

    def listed(self) -> tuple[Alarm, ...]:
        """Return what the active list shows, the newest raised first."""
        query = (
            select(alarms)
            .where(alarms.c.state != AlarmState.NORMAL.value, alarms.c.overlay == Overlay.NONE.value)
            .order_by(alarms.c.raised_us.desc(), alarms.c.id)
        )
        with self._session.reading() as connection:
            return tuple(alarm_of(row._asdict()) for row in connection.execute(query))

    def get(self, alarm_id: UUID) -> Alarm:
        """Return one alarm; NotFound when it is gone."""
        with self._session.reading() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
        if row is None:
            raise NotFound(f"alarm {alarm_id} is not in the database", key="row_gone", kind="alarm")
        return alarm_of(row._asdict())

    def compare_and_set(
        self, before: Alarm, after: Alarm, *, event: AlarmEvent | str, writer: str = "", note: str = ""
    ) -> Alarm:
        """Store ``after`` when the stored row is still ``before``, with its journal row; return it.

        ``event`` names the journal entry, ``writer`` the person (default: the actor). Conflict carries who
        changed the row first. Acts of people also go into the audit log.
        """
        work = self._session.transaction
        by = writer or work.writer
        row = alarm_row(after) | {"changed_by": by}
        if after.raised_us == before.raised_us and after.waveform_id == before.waveform_id:
            del row["waveform_id"]  # a waveform linked since ``before`` was read stays linked
        unchanged = (alarms.c.id == before.id) & (alarms.c.version == before.version)
        done = work.connection.execute(update(alarms).where(unchanged).values(row))
        if done.rowcount != 1:
            raise self._lost(work.connection, before.id)
        name = event.value if isinstance(event, AlarmEvent) else event
        text = note or (after.note if event is AlarmEvent.ACKNOWLEDGE else "")
        work.connection.execute(
            insert(alarm_journal), journal_row(before, after, event=name, by=by, note=text)
        )
        work.changed("alarm", after.id, after.version)
        if event in _BY_PEOPLE or isinstance(event, str):
            work.audited(name, "alarm", after.id, state=after.state.value, note=text, version=after.version)
        return after

    def link_waveform(self, alarm_id: UUID, waveform_id: UUID) -> None:
        """Tie a stored waveform to an alarm without changing its state or version."""
        work = self._session.transaction
        work.connection.execute(update(alarms).where(alarms.c.id == alarm_id).values(waveform_id=waveform_id))
        work.changed("alarm", alarm_id, self.get(alarm_id).version)

    def journal(
        self, start_us: int, end_us: int, *, alarm_id: UUID | None = None, limit: int = 1000
    ) -> tuple[AlarmTransition, ...]:
        """Return transitions with start <= time < end, the newest first, of one alarm or of all."""
        query = select(alarm_journal).where(alarm_journal.c.at_us >= start_us, alarm_journal.c.at_us < end_us)
        if alarm_id is not None:
            query = query.where(alarm_journal.c.alarm_id == alarm_id)
        query = query.order_by(alarm_journal.c.at_us.desc(), alarm_journal.c.id.desc()).limit(limit)
        with self._session.reading() as connection:
            return tuple(transition_of(row._asdict()) for row in connection.execute(query))

    def _lost(self, connection: Connection, alarm_id: UUID) -> Exception:
        row = connection.execute(
            select(alarms.c.changed_by, alarms.c.changed_us).where(alarms.c.id == alarm_id)
        ).one_or_none()
        if row is None:
            return NotFound(f"alarm {alarm_id} is not in the database", key="row_gone", kind="alarm")
        return conflict("alarm", alarm_id, by=row.changed_by, at_us=row.changed_us)


class BaselineRepository:
    """One baseline per measurement point."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> tuple[Baseline, ...]:
        """Return every baseline."""
        with self._session.reading() as connection:
            return tuple(
                Baseline(row.point_id, row.body, row.changed_us, row.version)
                for row in connection.execute(select(baselines).order_by(baselines.c.point_id))
            )

    def get(self, point_id: UUID) -> Baseline | None:
        """Return the baseline of a point, None before it was learned."""
        with self._session.reading() as connection:
            row = connection.execute(select(baselines).where(baselines.c.point_id == point_id)).one_or_none()
        return None if row is None else Baseline(row.point_id, row.body, row.changed_us, row.version)

    def save(self, baseline: Baseline) -> Baseline:
        """Insert or update by version compare."""
        work = self._session.transaction
        row = {"point_id": baseline.point_id, "body": dict(baseline.body)}
        new = write_version(work, baselines, row, kind="baseline", version=baseline.version, key="point_id")
        work.audited("learn", "baseline", baseline.point_id, version=new)
        return replace(baseline, version=new, learned_us=work.at_us)
