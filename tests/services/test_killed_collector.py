"""A collector is killed while an MQTT broker keeps values for it: history has each once [ACQ-1, F33]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from acquisition.driver import DriverState
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from domain.ports import HistorySeries
from services.access import program_actor
from services.clock import SystemClock
from services.status import FILE_NAME, read_status
from storage.store import open_store
from tests.protocol.mqtt_stage import Broker, DeadLine, Publisher, broker  # noqa: F401
from tests.protocol.stage import until
from tests.services.intake_stage import Victim

pytestmark = pytest.mark.timeout(120)
SITE = Asset(UUID(int=1), None, AssetKind.SITE, "Works", "W")
KEY = 1
UNCOMMITTED_US = 2_000_000
"""History is committed each second; a busy machine takes as long again for it."""
IN_FLIGHT_US = 100_000
BACKLOG = 5_000
PART_BYTES = 30_000
"""A tenth of it: nothing of the backlog has been stored, or little."""


def furnish(data: Path, port: int, *, topic: str) -> None:
    """One value that tells its own time, at a broker that is to keep it."""
    options = {"host": "127.0.0.1", "port": port, "session_expiry_s": 600}
    link = Connection(UUID(int=2), "Broker", ConnectionKind.MQTT, options)
    address = {"topic": topic, "format": "json", "path": "$.v", "time_path": "$.t", "time_form": "us"}
    tag = Tag(
        UUID(int=3), KEY, "W.count", "Count", TagKind.MEASURED, "1", SITE.id, connection_id=link.id,
        address=address,
    )  # fmt: skip
    with contextlib.closing(open_store(data, role="tool", clock=SystemClock())) as store:
        with store.unit_of_work(program_actor("test")) as work:
            work.plant.import_plant(Plant((SITE,), (), (tag,), (link,), site_name="Works"))


class Counter:
    """A device that counts, and tells when; it never stops for anybody."""

    def __init__(self, port: int, topic: str) -> None:
        self.told: list[int] = []
        """The time of each number, microseconds UTC."""
        self._topic = topic
        self._device = Publisher(port)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._count)

    def _count(self) -> None:
        while not self._is_over.wait(0.01):
            self.tell()

    def tell(self) -> None:
        self.told.append(max(time.time_ns() // 1000, self.told[-1] + 1 if self.told else 0))
        content = json.dumps({"v": len(self.told) - 1, "t": self.told[-1]})
        self._device.client.publish(self._topic, content, qos=1)

    def __enter__(self) -> "Counter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.close()

    def stop(self) -> int:
        """Fall silent; return the last number when the broker has it."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._device.send(self._topic + "/end", "1")  # behind all others
        return len(self.told) - 1

    def close(self) -> None:
        self._device.__exit__()


@dataclass
class Scene:
    data: Path
    line: DeadLine
    counter: Counter

    async def start(self) -> Victim:
        """Start a collector; return when its link is up."""
        begun_us, victim = time.time_ns() // 1000, Victim(self.data)

        def is_up() -> bool:
            status = read_status(self.data / "runtime" / FILE_NAME)
            if status is None or status.written_us < begun_us:
                return False
            return status.connections[0].state == DriverState.CONNECTED.value

        try:
            await until(is_up, within_s=30, what="the link is up")
        except BaseException:
            victim.kill()
            raise
        return victim

    def stored(self) -> HistorySeries:
        with contextlib.closing(open_store(self.data, role="tool", clock=SystemClock())) as store:
            with contextlib.closing(store.open_history_reader()) as reader:
                return reader.series(KEY, start_us=0, end_us=4_000_000_000_000_000)

    async def until_told(self, more: int) -> None:
        """Let the device say so many numbers more."""
        last = len(self.counter.told) + more
        await until(lambda: len(self.counter.told) >= last, within_s=30, what="more numbers")

    async def until_stored(self, number: int) -> None:
        await until(lambda: number in good(self.stored())[0], within_s=30, what=f"number {number} is stored")


def good(series: HistorySeries) -> tuple[list[int], list[int], list[bool]]:
    """Return numbers, times and whether back-filled of the values that are good, as history gives them."""
    is_good = (series.quality & CLASS_MASK) == QualityClass.GOOD
    late = (series.quality[is_good] & np.uint16(QualityFlag.BACK_FILLED)) != 0
    return series.value[is_good].astype(int).tolist(), series.time_us[is_good].tolist(), late.tolist()


async def test_f33_a_broker_keeps_for_a_killed_collector_what_it_has_not_stored(
    tmp_path: Path, broker: Broker
) -> None:
    """What came in the second before a kill may be missing; nothing stands twice; late ones are marked."""
    async with DeadLine(broker.port) as line:
        furnish(tmp_path, line.port, topic="killed/count")
        with Counter(broker.port, "killed/count") as counter:
            scene = Scene(tmp_path, line, counter)
            outages: list[tuple[int, int]] = []
            victim = await scene.start()
            first = len(counter.told)
            for _ in range(2):
                with victim:
                    await scene.until_stored(len(counter.told) + 50)
                    await scene.until_told(60)
                killed_us = time.time_ns() // 1000
                await scene.until_told(100)
                outages.append((killed_us, time.time_ns() // 1000))
                victim = await scene.start()
            with victim:
                await scene.until_stored(counter.stop())
    numbers, times, late = good(scene.stored())
    assert numbers == sorted(set(numbers)), "once each, in order"
    assert times == [counter.told[number] for number in numbers], "at their own times"
    for number in set(range(first, len(counter.told))) - set(numbers):
        at_us = counter.told[number]
        assert any(killed_us - UNCOMMITTED_US < at_us < killed_us + IN_FLIGHT_US for killed_us, _ in outages)
    for at_us, is_late in zip(times, late, strict=True):
        if any(killed_us + IN_FLIGHT_US < at_us < begun_us for killed_us, begun_us in outages):
            assert is_late
    assert sum(late) >= 200


async def test_a_kill_while_kept_values_come_in_loses_none_of_them(tmp_path: Path, broker: Broker) -> None:
    """They may be of hours: the second that is not yet stored must not hold a whole outage."""
    async with DeadLine(broker.port) as line:
        furnish(tmp_path, line.port, topic="drained/count")
        counter = Counter(broker.port, "drained/count")
        scene = Scene(tmp_path, line, counter)
        (await scene.start()).kill()
        for _ in range(BACKLOG):
            counter.tell()
        last = counter.stop()
        for _ in range(2):
            begin = line.brought
            with Victim(tmp_path):
                await until(lambda b=begin: line.brought > b + PART_BYTES, within_s=30, what="a part")  # type: ignore[misc]
        with Victim(tmp_path):
            await scene.until_stored(last)
        counter.close()
    numbers, times, late = good(scene.stored())
    assert numbers == list(range(BACKLOG)), "each once, in order"
    assert times == counter.told
    assert all(late)
