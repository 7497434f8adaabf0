"""Everything a window needs, put together for one data folder."""

import socket
from dataclasses import dataclass, field
from pathlib import Path

from domain.condition.baseline import RobustBaseline
from domain.condition.severity import SeverityTable
from domain.errors import ConfigurationError
from domain.instants import Clock
from domain.ports import LiveSource
from domain.roles import Actor
from services.alarming import Alarming
from services.change_watch import ChangeWatch
from services.condition import HealthAssessor
from services.event_bus import EventBus
from services.history import History
from services.live import RingLiveSource
from services.live_shared import NearestLiveSource, SharedLiveSource
from services.monitoring import Monitoring
from services.reporting import Reporting
from services.severity import severity_table
from services.status import FILE_NAME, SystemStatus, read_status
from services.text_words import TextWords
from storage.store import Store, open_store


@dataclass
class Workstation:
    """The services of one window process. ``history`` and ``store`` are used from the database lane only."""

    store: Store
    clock: Clock
    actor: Actor
    live: LiveSource
    monitoring: Monitoring
    alarming: Alarming
    reporting: Reporting
    history: History
    baselines: dict[int, RobustBaseline]
    severity: SeverityTable
    events: EventBus
    watch: ChangeWatch
    texts: TextWords = field(default_factory=TextWords)
    sources: tuple[RingLiveSource | SharedLiveSource, ...] = ()

    @property
    def folder(self) -> Path:
        return self.store.folder.root

    def assessor(self) -> HealthAssessor:
        """Return the judge of health for the present set-up."""
        return HealthAssessor(self.monitoring.plant, self.alarming.rules, self.baselines)

    def reload(self) -> None:
        """Read set-up, limits and baselines anew; slow, for the database lane."""
        self.store.units.outdate()
        self.monitoring.reload()
        self.alarming.reload()
        self.reporting.reload()
        self.baselines = self.history.baselines(self.monitoring.plant)

    def close(self) -> None:
        """Close readers, segments and the store, in this order."""
        self.watch.close()
        self.history.close()
        for source in self.sources:
            source.close()
        self.store.close()


def open_workstation(folder: Path, *, clock: Clock) -> Workstation:
    """Open a data folder for a window; errors as in ``open_store``."""
    store = open_store(folder, role="window", clock=clock)
    try:
        return _compose(store, clock)
    except BaseException:
        store.close()
        raise


def _compose(store: Store, clock: Clock) -> Workstation:
    near = RingLiveSource(store.folder.root)
    status_file = store.folder.runtime / FILE_NAME
    live: LiveSource = near
    shared: SharedLiveSource | None = None
    if store.is_shared:
        shared = SharedLiveSource(store, clock=clock)
        shared.start()
        live = NearestLiveSource(near, shared)

    def status() -> SystemStatus | None:
        return read_status(status_file) if shared is None or near.is_alive() else shared.status()

    monitoring = Monitoring(store, live, status=status)
    reporting = Reporting(store, clock=clock)
    history = History(store, clock=clock, is_by_hand=reporting.is_by_hand)
    events = EventBus()
    watch = ChangeWatch(store, events)
    watch.start()
    return Workstation(
        store=store,
        clock=clock,
        actor=_local_actor(store),
        live=live,
        monitoring=monitoring,
        alarming=Alarming(store, clock=clock),
        reporting=reporting,
        history=history,
        baselines=history.baselines(monitoring.plant),
        severity=severity_table(),
        events=events,
        watch=watch,
        sources=(near,) if shared is None else (near, shared),
    )


def _local_actor(store: Store) -> Actor:
    """Return the one seeded local person, until people log in."""
    people = [user for user in store.users() if user.is_enabled]
    if not people:
        raise ConfigurationError("the database knows no person who may use it", key="no_user")
    return Actor(people[0].id, people[0].role, socket.gethostname(), people[0].name)
