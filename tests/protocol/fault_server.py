"""A raw Modbus TCP server that answers wrongly on demand (T-05); no Modbus library in it.

Register ``i`` of a unit holds ``(i + 1000 * unit) & 0xFFFF``, so that an answer to another question is
recognised.
"""

import asyncio
import contextlib
import ssl
import struct
from dataclasses import dataclass, field

TURNS_OF_ACCEPTING = 10
"""More turns of the loop than a connection takes from being accepted to being served. One that is between
the two when its server closes is never closed itself."""


@dataclass
class FaultServer:
    """Listens on 127.0.0.1; ``mode`` may change at any time."""

    port: int
    mode: str = "ok"
    exception: int = 0
    silent_units: set[int] = field(default_factory=set)
    illegal: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    """Registers whose reads are not answered at all, as old devices do with what they do not have."""
    is_write_answered: bool = True
    tls: ssl.SSLContext | None = None
    shift: int = 0
    """Registers read so many places further, as after a reboot with another map."""
    is_swapped: bool = False
    """The bytes of each register are swapped."""
    connects: int = 0
    requests: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(unit, function, first, count or value)"""
    writes: list[bytes] = field(default_factory=list)
    written: dict[int, int] = field(default_factory=dict)

    async def __aenter__(self) -> "FaultServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Stop listening and reset every connection, as a killed process does."""
        for listener in self._server.sockets:
            with contextlib.suppress(NotImplementedError):  # the loop of Windows has no readers
                asyncio.get_running_loop().remove_reader(listener)
        for _ in range(TURNS_OF_ACCEPTING):
            for writer in list(self._writers):
                writer.transport.abort()
            await asyncio.sleep(0)
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        self._writers.add(writer)
        previous = 0
        try:
            while True:
                header = await reader.readexactly(7)
                tid, _, length, unit = struct.unpack(">HHHB", header)
                pdu = await reader.readexactly(length - 1)
                await self._answer(writer, tid, previous, unit, pdu)
                previous = tid
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, tid: int, previous: int, unit: int, pdu: bytes
    ) -> None:
        function, first, count = struct.unpack(">BHH", pdu[:5])
        self.requests.append((unit, function, first, count))
        if function in (5, 6, 15, 16):
            self.writes.append(pdu)
            if self.is_write_answered:
                self._store(function, first, count, pdu)
                writer.write(_frame(tid, unit, pdu[:5]))
            return
        if unit in self.silent_units or self.mode == "hang":
            return
        if self.dropped & set(range(first, first + count)):
            return
        if self.exception:
            writer.write(_frame(tid, unit, bytes([function | 0x80, self.exception])))
            return
        if self.illegal & set(range(first, first + count)):
            writer.write(_frame(tid, unit, bytes([function | 0x80, 2])))
            return
        await self._misbehave(writer, tid, previous, unit, function, first, count)

    def _store(self, function: int, first: int, count: int, pdu: bytes) -> None:
        words = struct.unpack(f">{count}H", pdu[6:]) if function == 16 else (count,)
        self.written.update({first + place: word for place, word in enumerate(words)})

    def _data(self, unit: int, function: int, first: int, count: int) -> bytes:
        if function in (1, 2):
            bits = [(first + place) % 2 for place in range(count)]
            octets = bytearray((count + 7) // 8)
            for place, bit in enumerate(bits):
                octets[place // 8] |= bit << place % 8
            return bytes([function, len(octets)]) + octets
        words = [
            self.written.get(register, (register + 1000 * unit) & 0xFFFF)
            for register in range(first + self.shift, first + self.shift + count)
        ]
        order = "<" if self.is_swapped else ">"
        return bytes([function, 2 * count & 0xFF]) + struct.pack(f"{order}{count}H", *words)

    async def _misbehave(
        self,
        writer: asyncio.StreamWriter,
        tid: int,
        previous: int,
        unit: int,
        function: int,
        first: int,
        count: int,
    ) -> None:
        right = self._data(unit, function, first, count)
        ok = _frame(tid, unit, right)
        wrong = _frame(tid, unit, self._data(unit, function, first + 500, count))
        mode = self.mode
        if mode == "late":
            await asyncio.sleep(0.35)
        if mode == "reset":
            writer.transport.abort()
        elif mode == "half_frame":
            writer.write(ok[: len(ok) // 2])
            await writer.drain()
            writer.close()
        elif mode == "trickle":
            for octet in ok:
                writer.write(bytes([octet]))
                await asyncio.sleep(0.002)
        else:
            answers = {
                "wrong_tid": _frame(tid + 7 & 0xFFFF, unit, wrong[7:]),
                "tid_0": _frame(0, unit, wrong[7:]),
                "previous_tid": _frame(previous, unit, wrong[7:]),
                "duplicate": _frame(previous, unit, wrong[7:]) * 3 + ok + ok,
                "wrong_unit": _frame(tid, unit + 1 & 0xFF, wrong[7:]),
                "wrong_function": _frame(tid, unit, bytes([function ^ 7]) + right[1:]),
                "short": _frame(tid, unit, self._data(unit, function, first, max(1, count - 1))),
                "long": _frame(tid, unit, self._data(unit, function, first, count + 3)),
                "odd_count": _frame(tid, unit, bytes([function, 2 * count - 1]) + right[2:-1]),
                "count_lie": _frame(tid, unit, bytes([function, 2 * count + 40]) + right[2:]),
                "garbage": b"\xde\xad\xbe\xef" * 8,
                "garbage_then_ok": b"\xde\xad\xbe\xef" * 8 + ok,
                "garbage_inside": ok[:9] + b"\xff\xff" * 20 + ok[9:],
                "ok_then_garbage": ok + b"\xde\xad\xbe\xef" * 8,
                "much_garbage": b"\xde\xad" * 32768,
                "wrong_protocol": struct.pack(">HHH", tid, 7, len(ok) - 6) + ok[6:],
                "huge_length": struct.pack(">HHH", tid, 0, 60000) + ok[6:],
            }
            writer.write(answers.get(mode, ok))


def _frame(tid: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu
