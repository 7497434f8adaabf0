"""A server that answers every publish request with prepared bytes, so that the client is the limit.

``python -m tests.benchmarks._opcua_peer PORT ITEMS MESSAGES_PER_S`` (0: as fast as the client asks). Sessions
are those of the library's server; monitored items are granted without nodes behind them.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
from asyncua import Server, ua
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from tests.benchmarks._servers import URI

_TICKS_TO_1970 = 116_444_736_000_000_000
SUBSCRIPTION = 1
_HEARTBEAT_HANDLE = 0xFFFF_FFFF
_ITEM = np.dtype([("handle", "<u4"), ("mask", "u1"), ("kind", "u1"), ("value", "<f8"), ("source", "<i8")])


class Publication:
    """A publish response of doubles and a heartbeat, whose values, times and number move on."""

    def __init__(self, items: int) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        rows = [ua.MonitoredItemNotification(n + 1, _value(float(n), moment)) for n in range(items - 1)]
        beat = ua.DataValue(ua.Variant(moment, ua.VariantType.DateTime), None, moment)
        rows.append(ua.MonitoredItemNotification(_HEARTBEAT_HANDLE, beat))
        message = ua.NotificationMessage(0x7AAA_AAAA, moment, [ua.DataChangeNotification(rows)])
        result = ua.PublishResult(SUBSCRIPTION, [], False, message, [], [])
        self._bytes = bytearray(struct_to_binary(ua.PublishResponse(Parameters=result)))
        self._number_at = self._bytes.index(b"\xaa\xaa\xaa\x7a")
        first = self._bytes.index(struct_to_binary(rows[0]))
        self._items = np.frombuffer(self._bytes, _ITEM, items - 1, first)
        assert (self._items["handle"] == np.arange(1, items)).all()
        self._number = 0

    def next(self) -> bytes:
        """Return the next response."""
        self._number += 1
        self._bytes[self._number_at : self._number_at + 4] = self._number.to_bytes(4, "little")
        self._items["source"] = time.time_ns() // 100 + _TICKS_TO_1970
        self._items["value"] += 0.25
        return bytes(self._bytes)


def _value(value: float, moment: datetime) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, ua.VariantType.Double), None, moment)


def replay(publication: Publication, messages_per_s: float) -> None:
    """Let the library's server of this process grant every item and publish what is prepared."""
    process = UaProcessor._process_message
    begun_s = time.monotonic()
    sent = 0

    async def answer(self: Any, typeid: ua.NodeId, header: Any, sequence: Any, body: Any) -> Any:
        nonlocal sent, begun_s
        if typeid == ua.NodeId(ua.ObjectIds.CreateSubscriptionRequest_Encoding_DefaultBinary):
            created = ua.CreateSubscriptionResponse()
            created.Parameters.SubscriptionId = SUBSCRIPTION
            self.send_response(header.RequestHandle, sequence, created)
            return True
        if typeid == ua.NodeId(ua.ObjectIds.CreateMonitoredItemsRequest_Encoding_DefaultBinary):
            asked = struct_from_binary(ua.CreateMonitoredItemsParameters, body)
            granted = ua.CreateMonitoredItemsResponse()
            granted.Results = [ua.MonitoredItemCreateResult() for _ in asked.ItemsToCreate]
            self.send_response(header.RequestHandle, sequence, granted)
            begun_s, sent = time.monotonic(), 0
            return True
        if typeid == ua.NodeId(ua.ObjectIds.PublishRequest_Encoding_DefaultBinary):
            if messages_per_s:
                await asyncio.sleep(begun_s + sent / messages_per_s - time.monotonic())
            sent += 1
            chunks = self._connection.message_to_binary(publication.next(), request_id=sequence.RequestId)
            self._transport.write(chunks)
            return True
        return await process(self, typeid, header, sequence, body)

    UaProcessor._process_message = answer


async def serve(port: int) -> None:
    """Serve until the process is killed."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace(URI)
    await server.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


@contextmanager
def peer(port: int, *, items: int, messages_per_s: float) -> Iterator[None]:
    """Run the peer as a child while the block lasts."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks._opcua_peer", str(port), str(items), str(messages_per_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == b"ready"
        yield
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


if __name__ == "__main__":
    replay(Publication(int(sys.argv[2])), float(sys.argv[3]))
    asyncio.run(serve(int(sys.argv[1])))
