"""Servers for benchmarks in a process of their own: ``python -m tests.benchmarks._servers KIND PORT``."""

import asyncio
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np

from acquisition.drivers.modbus.rtu_frames import crc16

CHANNELS, LENGTH, PERIOD_S = 64, 2_560, 0.1
URI = "urn:jidoka:benchmark"


@contextmanager
def server(kind: str, port: int) -> Iterator[None]:
    """Run a server as a child while the block lasts."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks._servers", kind, str(port)],
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


async def _serve_opcua(port: int) -> None:
    from asyncua import Server, ua

    opcua = Server()
    await opcua.init()
    opcua.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    opcua.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await opcua.register_namespace(URI)
    nodes = [ua.NodeId(f"channel.{number}", index) for number in range(CHANNELS)]
    for node in nodes:
        await opcua.nodes.objects.add_variable(node, node.Identifier, [0.0], ua.VariantType.Float)
    block = np.random.default_rng(1).normal(size=LENGTH).astype(np.float32).tolist()
    await opcua.start()
    print("ready", flush=True)
    start_s = time.time()
    number = 0
    while True:
        number += 1
        await asyncio.sleep(max(0.0, start_s + number * PERIOD_S - time.time()))
        begin = datetime.fromtimestamp(start_s + (number - 1) * PERIOD_S, UTC).replace(tzinfo=None)
        for node in nodes:
            value = ua.DataValue(ua.Variant(block, ua.VariantType.Float), SourceTimestamp=begin)
            await opcua.iserver.aspace.write_attribute_value(node, ua.AttributeIds.Value, value)


async def _serve_raw(port: int) -> None:
    body = np.random.default_rng(1).normal(size=LENGTH).astype(np.float32).tobytes()

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(body * CHANNELS)
            await writer.drain()
            await asyncio.sleep(PERIOD_S)

    await _listen(send, port)


async def _serve_modbus(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                header = await reader.readexactly(12)
                transaction, count = struct.unpack(">H8xH", header)
                body = struct.pack(f">{2 * (count // 4)}f", *(float(n) for n in range(2 * (count // 4))))
                body = (body + bytes(2 * count))[: 2 * count]
                writer.write(
                    struct.pack(">HHHBBB", transaction, 0, 3 + len(body), header[6], 3, len(body)) + body
                )
        except asyncio.IncompleteReadError:
            writer.close()

    await _listen(answer, port)


def _serve_fast_modbus(port: int) -> None:
    """Answer reads of registers on blocking sockets, a thread a client, so that the client is the limit.

    A request that begins with a transaction is answered on Modbus TCP, any other as an RTU frame.
    """
    bodies: dict[int, bytes] = {}

    def body(count: int) -> bytes:
        if count not in bodies:
            floats = struct.pack(f">{count // 2}f", *(float(n) for n in range(count // 2)))
            bodies[count] = (floats + bytes(2 * count))[: 2 * count]
        return bodies[count]

    def serve(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        frames: dict[bytes, bytes] = {}
        while octets := client.recv(4096):
            if len(octets) == 8:
                if octets not in frames:
                    count = struct.unpack_from(">H", octets, 4)[0]
                    frame = bytes((octets[0], octets[1], 2 * count)) + body(count)
                    frames[octets] = frame + struct.pack("<H", crc16(frame))
                client.sendall(frames[octets])
                continue
            answers = []
            for place in range(0, len(octets), 12):
                number, unit, function, count = struct.unpack_from(">H4xBB2xH", octets, place)
                data = body(count)
                answers.append(
                    struct.pack(">HHHBBB", number, 0, 3 + len(data), unit, function, len(data)) + data
                )
            client.sendall(b"".join(answers))

    with socket.create_server(("127.0.0.1", port)) as listener:
        print("ready", flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


async def _listen(serve: object, port: int) -> None:
    listener = await asyncio.start_server(serve, "127.0.0.1", port)  # type: ignore[arg-type]
    print("ready", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    kinds = {"opcua": _serve_opcua, "raw": _serve_raw, "modbus": _serve_modbus}
    if sys.argv[1] == "fast_modbus":
        _serve_fast_modbus(int(sys.argv[2]))
    else:
        asyncio.run(kinds[sys.argv[1]](int(sys.argv[2])))
