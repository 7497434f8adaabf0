"""The one door to stored data for services: repositories, units of work, history, waveforms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import insert, select, update

from domain.instants import Clock
from domain.plant.tags import TagDtype
from domain.ports import HistoryReader
from domain.roles import Actor, Role
from storage.audit_log import AuditLog
from storage.change_feed import ChangeFeed
from storage.data_folder import DataFolder, prepare_data_folder
from storage.database import Database
from storage.empty_history import EmptyHistory
from storage.historian import Historian, RetentionPolicy
from storage.history_file import HistoryFile
from storage.history_reader import StoredHistory
from storage.locks import InstanceLock
from storage.opening import OpenReport, open_plant_database
from storage.repositories.condition import AlarmRepository, AlarmRuleRepository, BaselineRepository
from storage.repositories.plant import PlantRepository
from storage.schema.records import counters, users
from storage.unit_of_work import ReadSession, Transaction, WorkSession, transaction
from storage.waveform_store import MonthlyWaveforms

StoreRole = Literal["collector", "window", "tool"]
_OTHERS: dict[StoreRole, tuple[str, ...]] = {
    "collector": ("window",),
    "window": ("collector",),
    "tool": ("collector", "window"),
}


@dataclass(frozen=True, slots=True)
class User:
    """A person known to the program."""

    id: UUID
    name: str
    role: Role
    is_enabled: bool


class UnitOfWork:
    """Repositories that write inside one transaction."""

    def __init__(self, work: Transaction) -> None:
        session = WorkSession(work)
        self._work = work
        self.plant = PlantRepository(session)
        self.alarm_rules = AlarmRuleRepository(session)
        self.alarms = AlarmRepository(session)
        self.baselines = BaselineRepository(session)

    def next_number(self, name: str) -> int:
        """Return the next human number of a counter, such as 2041 for WO-2041; without gaps."""
        connection = self._work.connection
        last = connection.execute(select(counters.c.last).where(counters.c.name == name)).scalar_one_or_none()
        if last is None:
            connection.execute(insert(counters), {"name": name, "last": 1})
            return 1
        connection.execute(update(counters).where(counters.c.name == name).values(last=last + 1))
        return int(last) + 1

    def audit(self, action: str, kind: str, aggregate_id: UUID, **detail: object) -> None:
        """Write an act that changes no row (a refused command, a confirmed clock jump) into the audit log."""
        self._work.audited(action, kind, aggregate_id, **detail)


class Store:
    """Everything stored in one data folder. Safe from several threads; one of them writes at a time."""

    def __init__(self, folder: DataFolder, database: Database, *, report: OpenReport, clock: Clock) -> None:
        self.folder = folder
        self.report = report
        self._database = database
        self._clock = clock
        session = ReadSession(database)
        self.plant = PlantRepository(session)
        self.alarm_rules = AlarmRuleRepository(session)
        self.alarms = AlarmRepository(session)
        self.baselines = BaselineRepository(session)
        self.changes = ChangeFeed(database)
        self.audit = AuditLog(database)
        self._lock: InstanceLock | None = None

    @contextmanager
    def unit_of_work(self, actor: Actor) -> Iterator[UnitOfWork]:
        """Yield repositories in one transaction; durable when the block ends, gone when it raises."""
        with transaction(self._database, actor, self._clock) as work:
            yield UnitOfWork(work)

    def users(self) -> tuple[User, ...]:
        """Return the people known, in order of their names."""
        with self._database.read() as connection:
            rows = connection.execute(select(users).order_by(users.c.name))
            return tuple(User(row.id, row.name, Role(row.role), row.is_enabled) for row in rows)

    def open_history_writer(self, *, retention: RetentionPolicy | None = None) -> Historian:
        """Open the one history writer (the collector's); types come from the stored tags."""
        return Historian(
            HistoryFile(self.folder), clock=self._clock, dtypes=self._dtypes(), retention=retention
        )

    @property
    def has_history(self) -> bool:
        """Whether a collector has ever recorded here."""
        return self.folder.history_db.exists()

    def open_history_reader(self) -> HistoryReader:
        """Open a reader, one per thread that reads; an empty one while nothing was ever recorded."""
        if not self.has_history:
            return EmptyHistory()
        return StoredHistory(HistoryFile(self.folder), dtypes=self._dtypes())

    def open_waveforms(self, *, is_writer: bool = False) -> MonthlyWaveforms:
        """Open kept waveforms and spectra; one process writes."""
        return MonthlyWaveforms(self.folder, clock=self._clock, is_writer=is_writer)

    def _dtypes(self) -> dict[int, TagDtype]:
        return {tag.key: tag.dtype for tag in self.plant.load().tags}

    def close(self) -> None:
        """Close every connection and give the instance lock back; harmless when called twice."""
        self.changes.close()
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def keep_lock(self, lock: InstanceLock) -> None:
        """Hold an instance lock until ``close``."""
        self._lock = lock


def open_store(
    path: Path, *, role: StoreRole, clock: Clock, start_new: bool = False, check_s: float = 1.0
) -> Store:
    """Open the data folder at ``path``.

    ``role`` "collector" and "window" take the exclusive lock of their kind (AlreadyRunning when it is held),
    "tool" takes none. Raises ConfigurationError for a place without safe writing, DatabaseDamaged and
    MigrationFailed after ``storage.opening``.
    """
    folder = prepare_data_folder(path)
    lock = None if role == "tool" else InstanceLock(folder.runtime, role)
    if lock is not None:
        lock.acquire()
    try:
        database, report = open_plant_database(
            folder,
            now_us=clock.now_us(),
            is_collector=role == "collector",
            must_be_free=_OTHERS[role],
            check_s=0.0 if role == "window" else check_s,
            start_new=start_new,
        )
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    store = Store(folder, database, report=report, clock=clock)
    if lock is not None:
        store.keep_lock(lock)
    return store
