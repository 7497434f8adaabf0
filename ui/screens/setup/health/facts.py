"""What the collector tells of itself, as rows a person can read; the same as ``--status``."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.ports import ConnectionStatus
from services.recording import PENDING_LIMIT
from services.status import SystemStatus, guarded_sqlite
from ui.formatting import age, duration, number
from ui.screens.link_words import link_problem, losses_of
from ui.screens.setup.health.verdict import COMMIT_LATE_S
from ui.text import connection_state, plain, tr, tr_n

MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, how much, and what it means."""

    key: str
    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link with what it lost."""

    name: str
    state: str
    age: str
    age_s: float
    losses: str
    problem: str


def facts_of(status: SystemStatus) -> tuple[Fact, ...]:
    """Return the facts in groups that belong together."""
    return (*_running(status), *_counts(status), *_storage(status), *_certificates(status))


def _running(status: SystemStatus) -> Iterator[Fact]:
    yield Fact("uptime", tr("Health", "Collecting for"), duration(status.uptime_s))
    meaning = tr("Health", "how often the supervisor started it again")
    yield Fact("restarts", tr("Health", "Restarts"), str(status.restarts), meaning)
    meaning = tr("Health", "how late its loop runs; above 100 ms it is overloaded")
    yield Fact("lag", tr("Health", "Loop lag"), f"{number(status.loop_lag_ms, 1)} ms", meaning)
    yield Fact("memory", tr("Health", "Memory"), f"{number(status.rss_mb, 0)} MB")
    yield Fact("good", tr("Health", "Values good"), _count(status.tags_good))
    yield Fact("bad", tr("Health", "Values not good"), _count(status.tags_bad))


def _counts(status: SystemStatus) -> Iterator[Fact]:
    yield Fact("received", tr("Health", "Samples received"), _count(status.samples_received))
    yield Fact("stored", tr("Health", "Samples stored"), _count(status.samples_stored))
    pending = tr("Health", "Samples pending")
    yield Fact("pending", pending, _count(status.samples_pending), _pending(status))
    meaning = tr("Health", "left out on purpose by dead-bands")
    yield Fact("thinned", tr("Health", "Samples thinned"), _count(status.samples_thinned), meaning)
    meaning = ", ".join(f"{plain(cause).lower()} {_count(count)}" for cause, count in status.drops.items())
    yield Fact("dropped", tr("Health", "Samples dropped"), _count(status.samples_dropped), meaning)
    waves = f"{number(status.waveform_samples_received / MEGA, 1)} M"
    yield Fact("waveforms", tr("Health", "Waveform samples"), waves)


def _storage(status: SystemStatus) -> Iterator[Fact]:
    commit = tr("Health", "never") if status.last_commit_age_s is None else age(status.last_commit_age_s)
    yield Fact("commit", tr("Health", "Last commit"), commit, tr("Health", "age of what is durable"))
    for name, count in status.queues.items():
        label = tr("Health", "Waiting: {queue}", queue=plain(name).lower())
        meaning = tr("Health", "kept until the database takes them")
        if most := status.queues_most.get(name, 0):
            meaning = tr("Health", "{meaning}; {most} at most so far", meaning=meaning, most=_count(most))
        yield Fact(f"queue_{name}", label, _count(count), meaning)
    if status.samples_waiting:
        meaning = tr("Health", "durable on this PC, sent in order when the server answers")
        yield Fact("server", tr("Health", "Samples for the server"), _count(status.samples_waiting), meaning)
    yield Fact("disk", tr("Health", "Disk lasts"), *_disk(status))


def _certificates(status: SystemStatus) -> Iterator[Fact]:
    """Yield what ends within 60 days: a link that dies on a Sunday helps nobody [S-16]."""
    if not status.certificates:
        none = tr("Health", "none ends soon")
        yield Fact("certificates", tr("Health", "Certificates"), none, tr("Health", "within 60 days"))
    for each in status.certificates:
        ends = tr_n("Health", "ends in {count} day", "ends in {count} days", count=each.days_left)
        value = tr("Health", "has ended") if each.days_left < 0 else ends
        name = tr("Health", "Certificate {name}", name=each.subject.removeprefix("CN="))
        yield Fact(f"certificate_{each.fingerprint}", name, value, tr("Health", "see the tab Certificates"))


def _disk(status: SystemStatus) -> tuple[str, str]:
    """Return how long it lasts and what that means."""
    hours = status.disk_hours_left
    if hours is not None:
        return _long(hours), ""
    if status.is_on_server:
        return tr("Health", "see server"), tr("Health", "the plant grows on the disk of its database server")
    return tr("Health", "measuring"), ""


def _long(hours: float) -> str:
    if hours > 365 * 24:
        return tr("Health", "over a year")
    return tr("Health", "{days} days", days=number(hours / 24, 0)) if hours > 48 else f"{number(hours, 0)} h"


def _pending(status: SystemStatus) -> str:
    """Return what waiting in memory means: usual for a second, or bounded when nothing can be stored."""
    commit_s = status.uptime_s if status.last_commit_age_s is None else status.last_commit_age_s
    rate = status.samples_received / max(1.0, status.uptime_s)
    if commit_s < COMMIT_LATE_S or not rate:
        return tr("Health", "taken, durable within a second")
    hours = max(0, PENDING_LIMIT - status.samples_pending) / rate / 3600
    return tr("Health", "nothing can be stored; memory lasts {time}", time=_long(hours))


def version_rows(status: SystemStatus) -> tuple[Fact, ...]:
    """Return the versions of the program and of what it stands on."""
    safe = guarded_sqlite(status.versions)
    guard = tr("Health", "older than {safe}: kept safe by the program's own write lock", safe=safe)
    meanings = {"sqlite": guard} if safe else {}
    return tuple(
        Fact(name, name, version, meanings.get(name, "")) for name, version in status.versions.items()
    )


def _count(value: int) -> str:
    return number(value, 0)


def link_rows(status: SystemStatus) -> tuple[LinkRow, ...]:
    """Return the links: those that are down first, then those with something to be known of them."""
    return tuple(_link(each) for each in sorted(status.connections, key=_trouble))


def _trouble(each: ConnectionStatus) -> tuple[bool, bool, str]:
    return each.state == "connected", not each.message_key, each.name


def _link(each: ConnectionStatus) -> LinkRow:
    age_s = float("inf") if each.last_value_age_s is None else each.last_value_age_s
    words = link_problem(each)
    if each.next_try_s is not None:
        words = tr("Health", "{problem} Next try in {s} s.", problem=words, s=round(each.next_try_s)).strip()
    return LinkRow(
        each.name,
        connection_state(each.state),
        tr("Health", "never") if each.last_value_age_s is None else age(age_s),
        age_s,
        losses_of(each),
        words,
    )


def support_text(status: SystemStatus) -> str:
    """Return everything as lines for a message to support."""
    lines = [f"{fact.name}: {fact.value} {fact.meaning}".rstrip() for fact in facts_of(status)]
    lines += [f"{row.name} {row.value}" for row in version_rows(status)]
    lines += [f"{row.name}: {row.state}, {row.age}, {row.losses} {row.problem}" for row in link_rows(status)]
    lines += [f"{each.name}: {each.message_key} {each.detail}" for each in status.connections if each.detail]
    return "\n".join([*status.problems, *lines])
