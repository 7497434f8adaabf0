"""What an OPC UA notification costs: decoding alone, and the whole client over a socket at 5,000 items.

The peer runs in a process of its own and sends prepared bytes; CPU is that of the client process alone. Runs
without security, so that no cipher hides the decoder. The limit is a numpy view of the same bytes.
"""

import asyncio
import logging
import socket
import time
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from acquisition.drivers.opcua import library
from acquisition.drivers.opcua.changes import changes_of
from acquisition.drivers.opcua.driver import OpcUaDriver
from acquisition.drivers.opcua.rows import ScalarTable
from acquisition.drivers.opcua.wire import decode_publish
from domain.plant.readings import LossCounter, ReadingBatch
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from services.clock import SystemClock
from tests.benchmarks._figures import cpu_us, tell
from tests.benchmarks._opcua_peer import Publication, peer
from tests.benchmarks._servers import URI

ITEMS = 5_000
WARM_UP_S, MEASURED_S = 1.5, 6.0
ASKED_PER_S = (50_000, 250_000)
_HEARTBEAT_BYTES = 22
ROW = np.dtype([("handle", "<u4"), ("mask", "u1"), ("kind", "u1"), ("value", "<f8"), ("source", "<i8")])


def main(arguments: list[str]) -> int:
    """Run all figures."""
    logging.disable(logging.WARNING)
    limit = _decoding()
    for asked in (*ASKED_PER_S, 0):
        asyncio.run(_whole_client(asked, limit, is_ours=True))
    for asked in (*ASKED_PER_S, 0):
        asyncio.run(_whole_client(asked, limit, is_ours=False))
    return 0


# decoding alone


def _decoding() -> float:
    """Tell what decoding and making a batch cost; return the limit, a bare numpy view, per notification."""
    owner = _connection(1)
    table = ScalarTable(dict(enumerate(_tags(owner), start=1)), subscribed_us=0, losses=LossCounter())
    publication = Publication(ITEMS)
    body = publication.next()
    first = len(body) - 4 - 4 - 4 - _HEARTBEAT_BYTES - (ITEMS - 1) * ROW.itemsize
    limit = cpu_us(lambda: _bare(body, first), times=300) / ITEMS
    bodies = iter([publication.next() for _ in range(950)])
    _tell("decode and batch, doubles", cpu_us(lambda: _batch(next(bodies), table), times=300), limit)
    mixed = [_mixed(n) for n in range(95)]
    mixed_bodies = iter(mixed)
    _tell(
        "decode and batch, types alternating",
        cpu_us(lambda: _batch(next(mixed_bodies), table), times=30),
        limit,
    )
    _tell("asyncua decodes, no batch", cpu_us(lambda: _library(body), times=5), limit)
    _tell("asyncua decodes, then our batch", cpu_us(lambda: _library_batch(body, table), times=5), limit)
    return limit


def _bare(body: bytes, first: int) -> float:
    rows = np.frombuffer(body, ROW, ITEMS - 1, first)
    assert (rows["mask"] == rows["mask"][0]).all()
    values, handles, sources = rows["value"].copy(), rows["handle"].copy(), rows["source"].copy()
    return float(values[0] + handles[0] + sources[0])


def _batch(body: bytes, table: ScalarTable) -> ReadingBatch:
    told = decode_publish(body)
    assert told is not None
    now_us = time.time_ns() // 1000
    batch = table.batch(told.parts[0], receive_us=np.full(len(told.parts[0]), now_us))
    assert batch is not None
    return batch


def _mixed(number: int) -> bytes:
    """Return a response in which the type changes from item to item, the worst case of the decoder."""
    kinds = (ua.VariantType.Double, ua.VariantType.Boolean, ua.VariantType.Float, ua.VariantType.Int32)
    moment = datetime.now(UTC)
    items = [
        ua.MonitoredItemNotification(
            n + 1, ua.DataValue(ua.Variant((number + n) % 2, kinds[n % 4]), None, moment)
        )
        for n in range(ITEMS)
    ]
    message = ua.NotificationMessage(1, moment, [ua.DataChangeNotification(items)])
    return bytes(struct_to_binary(ua.PublishResponse(Parameters=ua.PublishResult(1, [], False, message))))


def _library(body: bytes) -> ua.PublishResponse:
    return struct_from_binary(ua.PublishResponse, Buffer(body))


def _library_batch(body: bytes, table: ScalarTable) -> ReadingBatch | None:
    (part,) = _library(body).Parameters.NotificationMessage.NotificationData
    changes = changes_of((item.ClientHandle, item.Value) for item in part.MonitoredItems)
    return table.batch(changes, receive_us=np.full(len(changes), time.time_ns() // 1000))


def _tell(name: str, message_us: float, limit: float) -> None:
    tell(
        f"OPC UA, {name}, CPU per notification",
        message_us / ITEMS,
        "us",
        limit=limit,
        limit_name="numpy view",
    )


# the whole client


async def _whole_client(asked_per_s: int, limit: float, *, is_ours: bool) -> None:
    """Tell rate and CPU of a driver from the socket to the batch."""
    words = "our decoder" if is_ours else "asyncua's decoder"
    asked = f"{asked_per_s} /s asked" if asked_per_s else "as fast as it can"
    usual, port = library.decode_publish, _free_port()
    if not is_ours:
        library.decode_publish = lambda body: None
    try:
        with peer(port, items=ITEMS, messages_per_s=asked_per_s / ITEMS):
            per_s, each_us, losses = await _measured(port)
    finally:
        library.decode_publish = usual
    tell(f"OPC UA client, {words}, {asked}, rate", per_s, "1/s", limit=asked_per_s, limit_name="asked")
    tell(f"OPC UA client, {words}, {asked}, CPU each", each_us, "us", limit=limit, limit_name="numpy view")
    tell(f"OPC UA client, {words}, {asked}, lost", losses, "1", limit=0, limit_name="none")


async def _measured(port: int) -> tuple[float, float, int]:
    """Return notifications per second, CPU microseconds of each and what was lost."""
    owner = _connection(port)
    driver = OpcUaDriver(owner, clock=SystemClock())
    await driver.connect()
    begun_s = begun_cpu_s = 0.0
    start_s, rows, before = time.monotonic(), 0, 0
    async for item in driver.subscribe(_tags(owner)):
        now_s = time.monotonic()
        if not begun_s and now_s > start_s + WARM_UP_S:
            begun_s, begun_cpu_s, rows, before = now_s, time.process_time(), 0, _lost(driver)
        elif begun_s:
            rows += len(item) if isinstance(item, ReadingBatch) else 0
            if now_s > begun_s + MEASURED_S:
                break
    cpu_s, wall_s = time.process_time() - begun_cpu_s, time.monotonic() - begun_s
    lost = _lost(driver) - before
    await driver.close()
    return rows / wall_s, cpu_s / rows * 1e6, lost


def _lost(driver: OpcUaDriver) -> int:
    causes = driver.losses.by_cause
    return sum(count for cause, count in causes.items() if not cause.startswith("source_time"))


def _connection(port: int) -> Connection:
    options = {"endpoint": f"opc.tcp://127.0.0.1:{port}/", "security": "None", "waiver": True}
    return Connection(UUID(int=1), "peer", ConnectionKind.OPCUA, options)


def _tags(owner: Connection) -> list[Tag]:
    return [
        Tag(
            UUID(int=n), n, f"tag.{n}", "tag", TagKind.MEASURED, "1", UUID(int=9), connection_id=owner.id,
            address={"namespace_uri": URI, "identifier": f"tag.{n}"}, period_s=0.1,
        )
        for n in range(1, ITEMS + 1)
    ]  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
