"""Modbus TCP on a socket of our own, plain or inside TLS: frames out, frames in, each judged to the bit.

A request is a header and five bytes. Up to ``depth`` requests are in flight; an answer is told by its
transaction. There are no hidden retries.
"""

import asyncio
import ssl
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.link import NotAsked
from acquisition.drivers.modbus.sockets import open_socket
from acquisition.drivers.modbus.tls import refusal_of
from acquisition.drivers.modbus.validation import Question, answer_data
from domain.errors import AcquisitionError, ConnectionLost, ControlRoomError, DeviceTimeout
from domain.plant.readings import LossCounter

_FRAME_START: Final = struct.Struct(">HHH")
_LAST_TRANSACTION: Final = 0xFFFF
_BUFFER_OCTETS: Final = 8192
_REFUSAL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class TlsEnd:
    """How to speak TLS: the context, and the name that the device's certificate must carry."""

    context: ssl.SSLContext
    server_name: str


@dataclass(slots=True)
class _Open:
    """A question on its way."""

    question: Question
    answer: asyncio.Future[bytes]
    deadline_s: float


_Told = list[tuple[asyncio.Future[bytes], bytes | AcquisitionError]]


class TcpLink(asyncio.BufferedProtocol):
    """One TCP connection; see ``ModbusLink``. Fails at once when the connection goes."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout_s: float,
        losses: LossCounter,
        calls: CallThread,
        depth: int = 1,
        tls: TlsEnd | None = None,
    ) -> None:
        self.name = f"{host}:{port}"
        self._address = host, port
        self._timeout_s = timeout_s
        self._losses = losses
        self._calls = calls
        self._depth = depth
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._transaction = 0
        self._open: dict[int, _Open] = {}
        self._waiting: deque[tuple[Question, asyncio.Future[bytes]]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._buffer = bytearray(_BUFFER_OCTETS)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self.lost: asyncio.Future[None] = self._loop.create_future()

    async def connect(self) -> None:
        """Open the connection.

        ConnectionLost when it is refused or nobody answers in time, ConfigurationError when either side
        refuses the other's certificate.
        """
        context, server_name = (self._tls.context, self._tls.server_name) if self._tls else (None, None)
        try:
            socket = await open_socket(*self._address, calls=self._calls, within_s=self._timeout_s)
            begin_s = self._loop.time()
            async with asyncio.timeout(2 * self._timeout_s):  # a handshake is arithmetic for the device
                await self._loop.create_connection(
                    lambda: self, sock=socket, ssl=context, server_hostname=server_name
                )
        except ssl.SSLError as refusal:
            raise refusal_of(refusal, device=self.name) from refusal
        except OSError as reason:
            raise self._unreachable(reason) from reason
        if self._tls:
            await self._hear_refusal(self._loop.time() - begin_s)

    async def _hear_refusal(self, handshake_s: float) -> None:
        """Wait for as long as the handshake took: TLS 1.3 ends for us before the device has judged us.

        A request sent into its refusal would reset the connection and hide the reason.
        """
        await asyncio.wait({self.lost}, timeout=max(handshake_s, _REFUSAL_S))
        if self.lost.done():
            self.lost.result()

    def _unreachable(self, reason: OSError) -> ConnectionLost:
        if self._tls and isinstance(reason, ConnectionResetError):
            words, key = (
                "ended the secured handshake: it needs TLS 1.2 and certificates it trusts",
                "tls_failed",
            )
        else:
            words, key = "cannot be reached: check power, cable and address", "device_unreachable"
        return ConnectionLost(f"{self.name} {words}", key=key, device=self.name)

    def ask(self, questions: Sequence[Question]) -> list[asyncio.Future[bytes]]:
        """Send questions, the rest as answers come; see ``ModbusLink``."""
        if self.lost.done():
            self.lost.result()
        if self._transport is None:
            raise ConnectionLost(
                f"{self.name} is not connected", key="device_not_connected", device=self.name
            )
        answers: list[asyncio.Future[bytes]] = []
        for question in questions:
            answer = self._loop.create_future()
            answers.append(answer)
            self._waiting.append((question, answer))
        self._send()
        return answers

    async def close(self) -> None:
        """Close the socket; a waiting request ends with ConnectionLost."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(ConnectionLost(f"{self.name}: closed by us", key="device_not_connected", device=self.name))

    def _send(self) -> None:
        """Fill the free places in flight with one write."""
        assert self._transport is not None
        waiting, places = self._waiting, self._depth - len(self._open)
        frames = []
        while waiting and places > 0:
            question, answer = waiting.popleft()
            if answer.done():
                continue
            places -= 1
            self._transaction = number = self._transaction % _LAST_TRANSACTION + 1
            self._open[number] = _Open(question, answer, self._loop.time() + self._timeout_s)
            frames.append(_FRAME_START.pack(number, 0, len(question.octets)) + question.octets)
        if frames:
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
            if self._watch is None:
                self._watch = self._loop.call_later(self._timeout_s, self._give_up)

    def _give_up(self) -> None:
        """End the questions whose time is over. One timer watches all of them: answers rarely fail."""
        self._watch = None
        now_s = self._loop.time()
        for number, asked in list(self._open.items()):
            if asked.deadline_s > now_s:
                self._watch = self._loop.call_at(asked.deadline_s, self._give_up)
                break
            del self._open[number]
            self._fail(asked)
        if not self.lost.done():
            self._send()

    def _fail(self, asked: _Open) -> None:
        """Fail a question, and the reads behind it that its unit may leave unanswered as well."""
        unit = asked.question.unit
        silence = DeviceTimeout(
            f"{self.name} holds the connection but unit {unit} does not answer",
            key="unit_not_answering",
            device=self.name,
            unit=unit,
        )
        behind = [(q, a) for q, a in self._waiting if q.unit == unit and q.is_read]
        self._waiting = deque(pair for pair in self._waiting if pair not in behind)
        if not asked.answer.done():
            asked.answer.set_exception(silence)
        for _, answer in behind:
            if not answer.done():
                answer.set_exception(NotAsked.behind(silence))

    # --- what the socket tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give the free end of the buffer; a frame always fits, or the stream was no Modbus."""
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take every complete frame, or none: behind garbage nothing of this piece is believed."""
        self._filled += nbytes
        told: _Told = []
        position = self._take_frames(told)
        if position < 0:
            self._leave_garbage(told)
            return
        self._filled -= position
        if self._filled:
            self._buffer[: self._filled] = self._buffer[position : position + self._filled]
        if self._waiting:
            self._send()
        for answer, outcome in told:
            if answer.done():
                continue
            if isinstance(outcome, bytes):
                answer.set_result(outcome)
            else:
                answer.set_exception(outcome)

    def _leave_garbage(self, told: _Told) -> None:
        """Give the connection up: nothing says where the next frame begins."""
        assert self._transport is not None
        self._losses.add("garbage")
        self._filled = 0
        self._transport.abort()
        reason = ConnectionLost(
            f"{self.name}: the device sent bytes that are no Modbus TCP frame",
            key="modbus_garbage",
            device=self.name,
        )
        self._lose(reason)
        for answer, _ in told:
            if not answer.done():
                answer.set_exception(reason)

    def _take_frames(self, told: _Told) -> int:
        """Judge the complete frames in the buffer; return where they end, -1 when the stream is no Modbus."""
        position = 0
        while self._filled - position >= _FRAME_START.size:
            number, protocol, length = _FRAME_START.unpack_from(self._buffer, position)
            if protocol != 0 or not 3 <= length <= 254:
                return -1
            end = position + _FRAME_START.size + length
            if end > self._filled:
                break
            asked = self._open.pop(number, None)
            if asked is None:
                self._losses.add("stray_answer")
            else:
                pdu = bytes(self._view[position + _FRAME_START.size + 1 : end])
                try:
                    told.append((asked.answer, answer_data(self._buffer[position + 6], pdu, asked.question)))
                except AcquisitionError as refusal:
                    told.append((asked.answer, refusal))
            position = end
        return position

    def eof_received(self) -> bool:
        """Close when the device does."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits, at once; a certificate may also be refused now."""
        if isinstance(exc, ssl.SSLError):
            self._lose(refusal_of(exc, device=self.name))
        self._lose(
            ConnectionLost(f"{self.name} closed the connection", key="device_closed", device=self.name)
        )

    def _lose(self, reason: ControlRoomError) -> None:
        if not self.lost.done():
            self.lost.set_exception(reason)
            self.lost.exception()  # seen: nobody may be waiting
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        ending = [asked.answer for asked in self._open.values()] + [answer for _, answer in self._waiting]
        self._open.clear()
        self._waiting.clear()
        for answer in ending:
            if not answer.done():
                answer.set_exception(reason)
