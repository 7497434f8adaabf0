"""Before go-live and at any time after: what each asset's links bring, how fresh, and what was lost [ACQ-8].

A polled tag counts as seen when a value that is not bad came within three periods. What a device reports by
itself may be quiet for days: it counts while its value is not bad. Loss is the share of good samples that
history lacks over the last quarter of an hour, told where every period is due; what links counted as lost is
told for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.assets import Asset, Criticality
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.tags import ConnectionKind, Tag
from domain.ports import ConnectionStatus, HistoryReader, LiveSource
from services.link_losses import lost_here, lost_on_the_way

LOSS_WINDOW_S: Final = 900.0
SETTLE_US: Final = 10 * MICROSECONDS_PER_SECOND
"""Links come up in this time after a start."""

LEAST_WINDOW_US: Final = 60 * MICROSECONDS_PER_SECOND
PERIODS_UNTIL_STALE: Final = 3
LOSS_LIMIT: Final = 0.01
"""A machine that loses more is not ready."""

POLLED: Final = frozenset(
    {
        ConnectionKind.MODBUS_TCP,
        ConnectionKind.MODBUS_TLS,
        ConnectionKind.MODBUS_SERIAL,
        ConnectionKind.MODBUS_RTU_TCP,
    }
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One machine. ``oldest_age_s`` is the age of its oldest value, None when one was never seen.

    ``loss_share`` 0..1 over the last quarter of an hour, None where nothing is polled. ``links`` are the
    connections that bring its values, ``lost`` is what they lost since the start.
    """

    asset: Asset
    line_name: str
    links: tuple[ConnectionStatus, ...]
    tags: int
    seen: int
    doubtful: int
    missing: tuple[str, ...]
    oldest_age_s: float | None
    loss_share: float | None

    @property
    def is_ready(self) -> bool:
        """Whether every value of the machine is seen, every link is up and next to nothing is lost."""
        is_up = all(link.state == "connected" for link in self.links)
        return is_up and self.seen == self.tags and (self.loss_share or 0.0) < LOSS_LIMIT

    @property
    def lost(self) -> int:
        return sum(lost_on_the_way(link) + sum(lost_here(link).values()) for link in self.links)


def audit_links(
    plant: Plant,
    live: LiveSource,
    statuses: Sequence[ConnectionStatus],
    *,
    now_us: int,
    losses: Mapping[UUID, float] | None = None,
) -> tuple[AuditRow, ...]:
    """Return a row for every machine that has values of a device: critical ones first, then in flow order."""
    links = {status.connection_id: status for status in statuses}
    kinds = {connection.id: connection.kind for connection in plant.connections}
    rows = []
    for line in plant.lines:
        for machine in plant.machines(line.id):
            tags = device_tags(plant, machine)
            if tags:
                loss = (losses or {}).get(machine.id)
                rows.append(_row(machine, line, tags, live, links, kinds, now_us, loss))
    return tuple(sorted(rows, key=lambda row: _RANK[row.asset.criticality]))


def device_tags(plant: Plant, machine: Asset) -> tuple[Tag, ...]:
    """Return the tags of a machine that a device brings."""
    return tuple(tag for tag in plant.tags_of(machine.id) if tag.connection_id is not None)


def measure_loss(
    plant: Plant, machine: Asset, reader: HistoryReader, *, now_us: int, since_us: int = 0
) -> float | None:
    """Return the share of good samples that history lacks of a machine's polled values, None without any.

    ``since_us`` is when the collector started: what was not due cannot be lost, and the first minute tells
    nothing yet.
    """
    window_us = round(LOSS_WINDOW_S * MICROSECONDS_PER_SECOND)
    start_us = max(now_us - window_us, since_us + SETTLE_US)
    if now_us - start_us < LEAST_WINDOW_US:
        return None
    kinds = {connection.id: connection.kind for connection in plant.connections}
    due = stored = 0.0
    for tag in device_tags(plant, machine):
        if (
            tag.is_waveform
            or kinds.get(tag.connection_id or UUID(int=0)) not in POLLED
            or tag.keeping.deadband
        ):
            continue
        series = reader.series(tag.key, start_us=start_us, end_us=now_us)
        due += max(0.0, (now_us - start_us) / MICROSECONDS_PER_SECOND / tag.period_s)
        stored += float((series.quality & CLASS_MASK != QualityClass.BAD).sum())
    return None if due < 1 else max(0.0, 1 - stored / due)


_RANK: Final = {Criticality.A: 0, Criticality.B: 1, Criticality.C: 2}


def _row(
    machine: Asset,
    line: Asset,
    tags: Sequence[Tag],
    live: LiveSource,
    statuses: Mapping[UUID, ConnectionStatus],
    kinds: Mapping[UUID, ConnectionKind],
    now_us: int,
    loss_share: float | None,
) -> AuditRow:
    batch = live.values([tag.key for tag in tags])
    grade = batch.quality & CLASS_MASK
    ages_s = [
        None if source_us <= 0 else max(0.0, (now_us - int(source_us)) / MICROSECONDS_PER_SECOND)
        for source_us in batch.source_us
    ]
    is_seen = [
        age_s is not None
        and grade[row] != QualityClass.BAD
        and (not _is_due(tag, kinds) or age_s <= _stale_after_s(tag))
        for row, (tag, age_s) in enumerate(zip(tags, ages_s, strict=True))
    ]
    owners = dict.fromkeys(tag.connection_id for tag in tags if tag.connection_id is not None)
    links = [statuses[owner] for owner in owners if owner in statuses]
    return AuditRow(
        machine,
        line.name,
        tuple(links),
        len(tags),
        sum(is_seen),
        int((grade == QualityClass.UNCERTAIN).sum()),
        tuple(tag.name for tag, seen in zip(tags, is_seen, strict=True) if not seen),
        None if any(age_s is None for age_s in ages_s) else max(age_s or 0.0 for age_s in ages_s),
        loss_share,
    )


def _is_due(tag: Tag, kinds: Mapping[UUID, ConnectionKind]) -> bool:
    """Say whether a value is due each period: what is polled is, and what OPC UA captures on schedule."""
    kind = kinds.get(tag.connection_id or UUID(int=0))
    return kind in POLLED or (kind is ConnectionKind.OPCUA and tag.capture is not None)


def _stale_after_s(tag: Tag) -> float:
    period_s = tag.capture.interval_s if tag.capture is not None else tag.period_s
    return PERIODS_UNTIL_STALE * period_s + 1.0
