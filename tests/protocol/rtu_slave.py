"""Modbus RTU units on a line of our own, which misbehave on demand (T-06); no Modbus library in it.

Register ``i`` of unit ``u`` holds ``(i + 1000 * u) & 0xFFFF``. The units serve one request after the other,
as one processor does: an answer that is late delays the next.
"""

import asyncio
import os
import random
import struct
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Write = Callable[[bytes], None]


def crc(octets: bytes) -> bytes:
    """Return the checksum bit by bit, as the specification's appendix computes it."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return struct.pack("<H", register)


@dataclass
class RtuUnits:
    """What hangs on the line; every field may change at any time."""

    units: set[int] = field(default_factory=lambda: {1, 2, 3})
    silent: set[int] = field(default_factory=set)
    illegal: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    """Registers whose reads are not answered at all, as old devices do with what they do not have."""
    late_s: list[float] = field(default_factory=list)
    """Delays of the next answers, one each."""
    shift: int = 0
    """Registers read so many places further, as after a reboot with another map."""
    broken_share: float = 0.0
    broken: int = 0
    """How many answers had a bit turned."""
    is_echoing: bool = False
    is_cut: bool = False
    """Answers arrive in pieces cut anywhere, with a click before some."""
    knows_loop_back: bool = True
    is_deaf_to_loop_back: bool = False
    wrong: str = ""
    requests: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(unit, function, first, count or value)"""
    written: dict[int, int] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def serve(self, octets: asyncio.Queue[bytes], write: Write) -> None:
        """Take requests from the line and answer them until cancelled."""
        stream = b""
        while True:
            stream += await octets.get()
            while request := _request(stream):
                stream = stream[len(request) :]
                if self.is_echoing:
                    write(request)
                await self._answer(request, write)

    async def _answer(self, request: bytes, write: Write) -> None:
        unit, function, first, count = struct.unpack_from(">BBHH", request)
        self.requests.append((unit, function, first, count))
        if unit not in self.units or unit in self.silent:
            return
        if function == 8 and self.is_deaf_to_loop_back:
            return
        if function <= 4 and self.dropped & set(range(first, first + count)):
            return
        if self.late_s:
            await asyncio.sleep(self.late_s.pop(0))
        pdu = self._pdu(unit, function, first, count, request)
        frame = bytes([unit]) + pdu
        frame += crc(frame)
        if self.chance.random() < self.broken_share:
            self.broken += 1
            place = self.chance.randrange(len(frame))
            frame = frame[:place] + bytes([frame[place] ^ 1 << self.chance.randrange(8)]) + frame[place + 1 :]
        await self._send(frame, write)

    async def _send(self, frame: bytes, write: Write) -> None:
        if not self.is_cut:
            write(frame)
            return
        if self.chance.random() < 0.3:
            write(b"\x00")
        while frame:
            size = self.chance.randint(1, len(frame))
            write(frame[:size])
            frame = frame[size:]
            await asyncio.sleep(self.chance.choice((0, 0, 0.002)))

    def _pdu(self, unit: int, function: int, first: int, count: int, request: bytes) -> bytes:
        if self.wrong == "function":
            function ^= 7
        if self.wrong in ("count", "short"):
            count += 1 if self.wrong == "count" else -1
        if function == 8:
            return request[1:6] if self.knows_loop_back else bytes([0x88, 1])
        if function in (6, 16):
            words = (count,) if function == 6 else struct.unpack_from(f">{count}H", request, 7)
            self.written.update({first + place: word for place, word in enumerate(words)})
            return request[1:6]
        if self.illegal & set(range(first, first + count)):
            return bytes([function | 0x80, 2])
        if function in (1, 2):
            octets = bytearray((count + 7) // 8)
            for place in range(count):
                octets[place // 8] |= (first + place) % 2 << place % 8
            return bytes([function, len(octets)]) + octets
        words = tuple(self._register(unit, first + place) for place in range(count))
        return struct.pack(f">BB{count}H", function, 2 * count, *words)

    def _register(self, unit: int, place: int) -> int:
        place += self.shift
        return self.written.get(place, (place + 1000 * unit) & 0xFFFF)


def _request(stream: bytes) -> bytes:
    """Return the first whole request, empty while it is missing."""
    if len(stream) < 8:
        return b""
    length = 9 + stream[6] if stream[1] in (15, 16) else 8
    request = stream[:length]
    if len(request) < length:
        return b""
    assert crc(request[:-2]) == request[-2:], "the master sent a broken frame"
    return request


class PtyLine:
    """The units behind a pseudo terminal; ``path`` is the port to open. Unplugging takes the port away.

    ``link`` names the port the same however often it comes back.
    """

    def __init__(self, units: RtuUnits, *, link: Path | None = None) -> None:
        self.units = units
        self.link = link

    async def __aenter__(self) -> "PtyLine":
        self.plug_in()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._master >= 0:
            self.unplug()
        await asyncio.gather(self._task, return_exceptions=True)

    def plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        if self.link is not None:
            self.link.symlink_to(self.path)
        octets: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._master, lambda: octets.put_nowait(os.read(self._master, 4096)))
        self._task = asyncio.create_task(self.units.serve(octets, self._write))

    def unplug(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._task.cancel()
        os.close(self._master)
        os.close(self._slave)
        self._master = -1
        if self.link is not None:
            self.link.unlink()

    def _write(self, octets: bytes) -> None:
        if self._master >= 0:
            os.write(self._master, octets)


class TcpSlave:
    """The units behind a serial server: RTU frames on TCP."""

    def __init__(self, units: RtuUnits, port: int = 0) -> None:
        self.units = units
        self.port = port
        self.connects = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "TcpSlave":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Stop listening and reset every connection, as a killed process does."""
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        self._writers.add(writer)
        octets: asyncio.Queue[bytes] = asyncio.Queue()
        serving = asyncio.create_task(self.units.serve(octets, writer.write))
        try:
            while piece := await reader.read(4096):
                octets.put_nowait(piece)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            self._writers.discard(writer)
            writer.close()
