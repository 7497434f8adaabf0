"""The one door to stored data for services: repositories, units of work, history, waveforms."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import func, insert, select, update

from domain.errors import LeaseLost
from domain.instants import Clock
from domain.long_work import LongWork
from domain.plant.tags import Keeping, Tag, TagDtype
from domain.ports import HistoryReader, IntegrityReport, WaveformStore
from domain.roles import Actor, Role
from storage.audit_log import AuditLog
from storage.change_feed import ChangeFeed
from storage.data_folder import DataFolder, prepare_data_folder
from storage.database import Database
from storage.failures import told
from storage.history.empty import EmptyHistory
from storage.history.historian import Historian, RetentionPolicy
from storage.history.reader import StoredHistory
from storage.history.revisions import RevisionUnits
from storage.history.tag_keys import (
    SAMPLES,
    WAVEFORMS,
    greatest_key,
    greatest_key_in,
    greatest_tail_key,
    history_files,
)
from storage.integrity import check_integrity
from storage.job_spool import JobSpool
from storage.leases import Lease, LeaseTerm
from storage.location import database_address
from storage.locks import InstanceLock
from storage.opening import OpenReport, open_plant_database
from storage.places import FilePlaces, Places
from storage.repositories.bearings import BearingRepository
from storage.repositories.condition import AlarmRepository, AlarmRuleRepository, BaselineRepository
from storage.repositories.drafts import DraftRepository
from storage.repositories.files import TakenFileRepository
from storage.repositories.plant import PlantRepository, last_tag_key, raise_tag_keys
from storage.repositories.reports import (
    ManualReadingRepository,
    MissedReadingRepository,
    ObservationRepository,
)
from storage.schema import METADATA
from storage.schema.records import counters, users
from storage.sql import HistoryBase, PlantDatabase
from storage.status_board import StatusBoard
from storage.unit_of_work import ReadSession, Transaction, WorkSession, transaction

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
        self.drafts = DraftRepository(session)
        self.bearings = BearingRepository(session)
        self.manual_readings = ManualReadingRepository(session)
        self.missed_readings = MissedReadingRepository(session)
        self.observations = ObservationRepository(session)
        self.taken_files = TakenFileRepository(session)

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

    def __init__(
        self,
        folder: DataFolder,
        database: PlantDatabase,
        *,
        report: OpenReport,
        clock: Clock,
        places: Places,
    ) -> None:
        self.folder = folder
        self.report = report
        self._places = places
        self._database = database
        self._clock = clock
        session = ReadSession(database)
        self.plant = PlantRepository(session)
        self.alarm_rules = AlarmRuleRepository(session)
        self.alarms = AlarmRepository(session)
        self.baselines = BaselineRepository(session)
        self.drafts = DraftRepository(session)
        self.bearings = BearingRepository(session)
        self.manual_readings = ManualReadingRepository(session)
        self.missed_readings = MissedReadingRepository(session)
        self.observations = ObservationRepository(session)
        self.taken_files = TakenFileRepository(session)
        self.units = RevisionUnits(self.plant.changed_units)
        self.changes = ChangeFeed(database)
        self.audit = AuditLog(database)
        self._lock: InstanceLock | None = None
        self._lease: Lease | None = None

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

    @property
    def place(self) -> Path | str:
        """Where the plant database is, for messages."""
        return self._database.place

    @property
    def is_shared(self) -> bool:
        """Whether the plant lies on a server that several workstations share."""
        return self._places.is_shared

    def wait_for_lease(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Stand by until this program may poll devices and write history; False when told to stop first.

        In a data folder the folder's lock has said so already. On a server one of all workstations may.
        """
        lease = self._places.collector_lease(f"{socket.gethostname()} {self.folder.root}")
        if not lease.wait(should_stop):
            lease.close()
            return False
        self._lease = lease
        return True

    @property
    def term(self) -> LeaseTerm:
        """The term in which this program may write history; LeaseLost when another one may."""
        return self._held_lease().term

    def _held_lease(self) -> Lease:
        if self._lease is None:
            if self.is_shared:
                raise LeaseLost("history is written by the holder of the lease; wait for it first")
            self.wait_for_lease()
        assert self._lease is not None
        return self._lease

    def open_history_writer(self, *, retention: RetentionPolicy | None = None) -> Historian:
        """Open the one history writer (the collector's).

        Types come from the stored tags, and from the plant how long it keeps what unless ``retention`` says.
        """
        base, plant = self._places.history(self._held_lease()), self.plant.load()
        days = plant.keeping
        historian = Historian(
            base,
            clock=self._clock,
            dtypes=_dtypes(plant.tags),
            keeping=_keeping(plant.tags),
            retention=retention or RetentionPolicy(days.raw, days.minutes, days.hours),
        )
        try:
            self._keep_off_known_keys(base)
        except BaseException:
            historian.close()
            raise
        return historian

    def _keep_off_known_keys(self, base: HistoryBase) -> None:
        """Let new tags get keys of which the history knows nothing, whatever became of the plant database."""
        if self.is_shared:
            with told(base.place), closing(base.reader()) as reader:
                key = max(greatest_key(reader, (*SAMPLES, *WAVEFORMS)), greatest_tail_key(reader))
        else:
            key = greatest_key_in(history_files(self.folder))
        with self._database.read() as connection:
            known = last_tag_key(connection)
        if known < key:
            with self._database.write() as connection:
                raise_tag_keys(connection, key)

    @property
    def has_history(self) -> bool:
        """Whether a collector has ever recorded here."""
        return self._places.has_history()

    def open_history_reader(self) -> HistoryReader:
        """Open a reader, one per thread that reads; an empty one while nothing was ever recorded."""
        if not self.has_history:
            return EmptyHistory()
        tags = self.plant.load().tags
        return StoredHistory(
            self._places.history(), dtypes=_dtypes(tags), keeping=_keeping(tags), units=self.units
        )

    def open_waveforms(self, *, is_writer: bool = False) -> WaveformStore:
        """Open kept waveforms and spectra; one process writes."""
        lease = self._held_lease() if is_writer else None
        return self._places.waveforms(clock=self._clock, lease=lease)

    def open_job_spool(self) -> JobSpool:
        """Open the file of what the plant database refused for now (the collector's)."""
        return JobSpool(self.folder, lease=self._held_lease(), now_us=self._clock.now_us())

    def row_counts(self) -> dict[str, int]:
        """Return the rows of every table of the plant database, in one snapshot."""
        with self._database.read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in METADATA.sorted_tables
            }

    def check_integrity(self, *, work: LongWork | None = None) -> IntegrityReport:
        """Look at everything stored, beside a running collector; slow, and nothing is changed.

        History and waveforms are read on connections of their own, the audit on one of the pool: any thread
        may ask, and nobody who uses the store meanwhile waits for it.
        """
        kept = self.open_waveforms()
        try:
            history = self._places.history() if self.has_history else None
            return check_integrity(self.audit, history, kept, work=work or LongWork())
        finally:
            kept.close()

    def open_status_board(self) -> StatusBoard | None:
        """Open the board that other workstations read, None for a plant in a folder; one per thread."""
        return self._places.status_board()

    def hurry(self) -> None:
        """The program ends: wait only briefly for a server that stands still."""
        self._database.hurry()

    def close(self) -> None:
        """Close every connection and give the instance lock back; harmless when called twice."""
        self.changes.close()
        if self._lease is not None:
            self._lease.close()
            self._lease = None
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def keep_lock(self, lock: InstanceLock) -> None:
        """Hold an instance lock until ``close``."""
        self._lock = lock


def _dtypes(tags: Iterable[Tag]) -> dict[int, TagDtype]:
    return {tag.key: tag.dtype for tag in tags}


def _keeping(tags: Iterable[Tag]) -> dict[int, Keeping]:
    return {tag.key: tag.keeping for tag in tags if tag.keeping != Keeping()}


def open_store(
    path: Path,
    *,
    role: StoreRole,
    clock: Clock,
    start_new: bool = False,
    check_s: float = 1.0,
    database: str | None = None,
) -> Store:
    """Open the data folder at ``path``.

    ``role`` "collector" and "window" take the exclusive lock of their kind (AlreadyRunning when it is held),
    "tool" takes none. ``database`` is the address of a server, None for the one that folder or environment
    name (see ``storage.location``). Raises ConfigurationError for a place without safe writing,
    DatabaseUnreachable, DatabaseDamaged and MigrationFailed after ``storage.opening``.
    """
    folder = prepare_data_folder(path)
    address = database_address(folder, database)
    lock = None if role == "tool" else InstanceLock(folder.runtime, role)
    if lock is not None:
        lock.acquire()
    now_us = clock.now_us()
    try:
        if address is None:
            seconds = 0.0 if role == "window" else check_s
            opened, report = _opened_files(folder, role, check_s=seconds, start_new=start_new, now_us=now_us)
            store = Store(folder, opened, report=report, clock=clock, places=FilePlaces(folder))
        else:
            from storage.places_server import open_server

            is_patient = role != "collector"
            shared, report, places = open_server(
                address, folder, now_us=now_us, start_new=start_new, is_patient=is_patient
            )
            store = Store(folder, shared, report=report, clock=clock, places=places)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    if lock is not None:
        store.keep_lock(lock)
    return store


def _opened_files(
    folder: DataFolder, role: StoreRole, *, check_s: float, start_new: bool, now_us: int
) -> tuple[Database, OpenReport]:
    return open_plant_database(
        folder,
        now_us=now_us,
        is_collector=role == "collector",
        must_be_free=_OTHERS[role],
        check_s=check_s,
        start_new=start_new,
    )
