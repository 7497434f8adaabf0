"""What protocol tests share: a real clock, tags, a sink that remembers, waiting with a deadline."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from acquisition.drivers import DRIVERS, DriverEntry
from acquisition.supervisor import AcquisitionSupervisor
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.quality import Quality
from domain.plant.readings import Reading, ReadingBatch, SampleBlock
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Tag, TagKind
from domain.ports import Sink


class RealClock:
    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()


@dataclass
class Memory:
    """A sink that keeps everything with the moment of its arrival."""

    readings: list[Reading] = field(default_factory=list)
    blocks: list[SampleBlock] = field(default_factory=list)
    batches: list[tuple[float, ReadingBatch]] = field(default_factory=list)

    def publish(self, item: ReadingBatch | SampleBlock) -> None:
        if isinstance(item, SampleBlock):
            self.blocks.append(item)
            return
        self.batches.append((time.monotonic(), item))
        self.readings.extend(item.rows())

    def latest(self) -> dict[int, Reading]:
        return {reading.tag_key: reading for reading in self.readings}

    def quality(self, key: int) -> Quality | None:
        for reading in reversed(self.readings):
            if reading.tag_key == key:
                return reading.quality
        return None

    def is_good(self, *keys: int) -> bool:
        latest = self.latest()
        return all(key in latest and latest[key].quality.is_good for key in keys)

    def is_bad(self, *keys: int) -> bool:
        latest = self.latest()
        return all(key in latest and latest[key].quality.is_bad for key in keys)


def connection(kind: ConnectionKind, *, is_simulated: bool = False, **options: object) -> Connection:
    return Connection(new_id(), f"{kind.value} under test", kind, options, is_simulated=is_simulated)


def tag(key: int, owner: Connection, address: Mapping[str, object], **changes: object) -> Tag:
    content: dict[str, object] = {"period_s": 0.1, "unit": "1"} | changes
    kind = TagKind.WAVEFORM if isinstance(changes.get("capture"), CaptureSchedule) else TagKind.MEASURED
    content.setdefault("kind", kind)
    return Tag(
        new_id(),
        key,
        f"tag.{key}",
        f"Tag {key}",
        asset_id=new_id(),
        connection_id=owner.id,
        address=address,
        **content,  # type: ignore[arg-type]
    )


class Stage:
    """Runs connections against a memory for the length of a ``with`` block."""

    def __init__(
        self,
        connections: list[Connection],
        tags: list[Tag],
        *,
        drivers: Callable[[ConnectionKind], DriverEntry] = DRIVERS.__getitem__,
        clock: Clock | None = None,
        sink: Sink | None = None,
    ) -> None:
        self.memory = Memory()
        self.supervisor = AcquisitionSupervisor(
            connections,
            tags,
            sink or self.memory,
            clock=clock or RealClock(),
            drivers=drivers,
            chance=random.Random(1),
        )

    async def __aenter__(self) -> "Stage":
        self.supervisor.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        begin_s = time.monotonic()
        await self.supervisor.stop()
        assert time.monotonic() - begin_s < 2.0, "stopping took more than 2 s"


async def until(condition: Callable[[], bool], *, within_s: float, what: object) -> float:
    """Wait for a condition; return the seconds it took, fail when the deadline passes."""
    begin_s = time.monotonic()
    while not condition():
        if time.monotonic() - begin_s > within_s:
            story = what() if callable(what) else what
            raise AssertionError(f"{story}: not within {within_s} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - begin_s
