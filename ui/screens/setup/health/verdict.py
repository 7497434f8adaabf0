"""One sentence on the whole: all is well, or what needs a look, the worst first."""

from collections.abc import Iterator
from typing import Final

from services.disk import SHORT_HOURS
from services.status import SystemStatus
from ui.formatting import age, number
from ui.text import tr, tr_n

SILENT_AFTER_S: Final = 3.0
TRIES_AGAIN_S: Final = 20.0
"""A collector that cannot start yet tells why each time it tries."""

COMMIT_LATE_S: Final = 10.0
"""What is taken is durable within a second; so late the database does not do its work."""

ENDS_SOON_DAYS: Final = 7
UP: Final = frozenset({"connected", "disabled"})
MEGA: Final = 1_000_000


def verdict(status: SystemStatus | None, *, now_us: int) -> str:
    """Return the sentence; nothing that a person should look at is called well."""
    if status is None:
        return tr("Health", "Nothing collects for this plant yet.")
    silent_s = (now_us - status.written_us) / MEGA
    if not status.uptime_s and silent_s < TRIES_AGAIN_S:
        return tr("Health", "Nothing is collected yet. It is tried again and again.")
    if silent_s > SILENT_AFTER_S:
        return tr("Health", "The collector has been silent for {age}.", age=age(silent_s))
    looks = [*_of_links(status), *_of_storage(status)]
    if looks:
        return tr("Health", "Needs a look: {what}.", what="; ".join(looks))
    if status.problems:
        return tr("Health", "Something needs a look.")
    return tr("Health", "All is well.")


def _of_links(status: SystemStatus) -> Iterator[str]:
    down = [link.name for link in status.connections if link.state not in UP]
    if len(down) == 1:
        yield tr("Health", "{link} is not connected", link=down[0])
    elif down:
        yield tr_n("Health", "{count} link is down", "{count} links are down", count=len(down))
    if status.tags_bad:
        yield tr_n(
            "Health", "{count} value is not good", "{count} values are not good", count=status.tags_bad
        )
    ending = [each for each in status.certificates if each.days_left <= ENDS_SOON_DAYS]
    if ending:
        yield tr_n("Health", "{count} certificate ends", "{count} certificates end", count=len(ending))


def _of_storage(status: SystemStatus) -> Iterator[str]:
    commit_s = status.uptime_s if status.last_commit_age_s is None else status.last_commit_age_s
    if status.samples_pending and commit_s > COMMIT_LATE_S:
        yield tr("Health", "nothing was stored for {age}", age=age(commit_s))
    if status.disk_hours_left is not None and status.disk_hours_left < SHORT_HOURS:
        yield tr("Health", "the disk lasts {hours} h", hours=number(status.disk_hours_left, 0))
    if status.samples_dropped:
        count = status.samples_dropped
        yield tr_n("Health", "{count} sample was lost here", "{count} samples were lost here", count=count)
    if status.is_clock_suspect:
        yield tr("Health", "the clock jumped")
