"""Modbus RTU on a shared line: in step, or silent until it is in step again.

RTU answers carry no transaction. One answer that comes after its time-out would be taken for the answer to
the next question, that one's for the one after, and so on, all well-formed and all wrong. So:

- One question is on the line at a time, and a question once sent is never given up by its caller.
- After a time-out, a broken frame or a stray octet the line rests until nothing was heard for ``settle_s``,
  the longest that a device is late.
- A unit that left a question without its right answer is *in doubt*. Before it is asked for values again it
  must send back a word that we chose (diagnostics, function 8): an answer to a read cannot be mistaken for
  that, and a unit that answers it has nothing older to say.
- A unit that never answers function 8 (old ones drop what they do not know) is left alone for three times the
  time-out and the rest together; then nothing can be under way any more.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acquisition.drivers.modbus.lines import Line
from acquisition.drivers.modbus.link import LeftAlone, NotAsked
from acquisition.drivers.modbus.rtu_frames import (
    SHORTEST,
    RtuAnswer,
    answer_length,
    find_rtu_answer,
    is_frame,
    rtu_frame,
)
from acquisition.drivers.modbus.validation import Question, answer_data, loop_back_question
from domain.errors import (
    AcquisitionError,
    ConnectionLost,
    ControlRoomError,
    DeviceRefused,
    DeviceTimeout,
    ProtocolError,
)
from domain.plant.readings import LossCounter

_log = logging.getLogger(__name__)

BROKEN_AFTER_S: Final = 0.05
"""A pause of this length ends a frame; USB adapters deliver in steps of 16 ms."""
DEAF_AFTER: Final = 3
_NOISE_LIMIT_S: Final = 2.0
_WORDS: Final = 0x10000


@dataclass(slots=True)
class _Doubt:
    """A unit that owes an answer: since when, and how often it did not send our word back."""

    since_s: float
    unanswered_loop_backs: int = 0


class RtuLink:
    """One line of units; see ``ModbusLink``."""

    def __init__(self, line: Line, *, timeout_s: float, settle_s: float, losses: LossCounter) -> None:
        self.name = line.name
        self._line = line
        self._timeout_s = timeout_s
        self._settle_s = settle_s
        self._losses = losses
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Question, asyncio.Future[bytes]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._wake: asyncio.Future[None] | None = None
        self._stream = bytearray()
        self._last_heard_s = self._resting_since_s = -1e9
        self._is_settled = True
        self._units: set[int] = set()
        self._doubts: dict[int, _Doubt] = {}
        self._deaf_units: set[int] = set()
        self._is_echoing: bool | None = None
        self._word = 0
        self.lost: asyncio.Future[None] = self._loop.create_future()

    async def connect(self) -> None:
        """Open the line; errors as in ``Line.open``."""
        await self._line.open(self, within_s=self._timeout_s)
        self._worker = asyncio.create_task(self._work(), name=f"line {self.name}")

    def ask(self, questions: Sequence[Question]) -> list[asyncio.Future[bytes]]:
        """Queue questions; see ``ModbusLink``."""
        if self.lost.done():
            self.lost.result()
        if self._worker is None:
            raise ConnectionLost(f"{self.name} is not open", key="device_not_connected", device=self.name)
        answers: list[asyncio.Future[bytes]] = [self._loop.create_future() for _ in questions]
        self._waiting.extend(zip(questions, answers, strict=True))
        self._wake_up()
        return answers

    async def close(self) -> None:
        """Close the line; what is open or waits ends with ConnectionLost."""
        self._lose(ConnectionLost(f"{self.name}: closed by us", key="device_not_connected", device=self.name))
        await self._line.close()  # first: whoever has no time for us still leaves the line free
        if self._worker is not None:
            await asyncio.wait({self._worker})

    # --- what the line tells ---

    def heard(self, octets: bytes) -> None:
        """Keep octets for whoever waits."""
        self._stream += octets
        self._last_heard_s = self._loop.time()
        self._wake_up()

    def line_lost(self, reason: ConnectionLost) -> None:
        """Fail whoever waits, at once."""
        self._lose(reason)

    def _lose(self, reason: ControlRoomError) -> None:
        if not self.lost.done():
            self.lost.set_exception(reason)
            self.lost.exception()  # seen: nobody may be waiting
        self._wake_up()
        while self._waiting:
            _, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(reason)

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _awoken(self, seconds: float | None = None) -> None:
        """Return when something was heard or asked, or when the time is over; raise when the line is lost."""
        if not self.lost.done():
            self._wake = self._loop.create_future()
            timer = None if seconds is None else self._loop.call_later(seconds, self._wake_up)
            await self._wake
            if timer is not None:
                timer.cancel()
        if self.lost.done():
            self.lost.result()

    # --- one question after the other ---

    async def _work(self) -> None:
        """Serve the queue until the line is lost. Callers come and go; this task stays with the line."""
        try:
            while True:
                while not self._waiting:
                    await self._awoken()
                question, answer = self._waiting.popleft()
                if not answer.done():
                    await self._serve(question, answer)
        except ControlRoomError as reason:
            self._lose(reason)
        except Exception as defect:  # the task's outer edge: whoever waits must hear of it
            _log.exception("line %s: the link failed", self.name)
            self._lose(ConnectionLost(f"{self.name}: internal fault: {defect!r}", key="internal_fault"))

    async def _serve(self, question: Question, answer: asyncio.Future[bytes]) -> None:
        try:
            data = await self._in_step(question)
        except AcquisitionError as problem:
            if not answer.done():
                answer.set_exception(problem)
            if isinstance(problem, ConnectionLost):
                raise
            if isinstance(problem, DeviceTimeout):
                self._fail_behind(question.unit, problem)
        else:
            if not answer.done():
                answer.set_result(data)

    def _fail_behind(self, unit: int, problem: DeviceTimeout) -> None:
        """Fail the reads that wait for a unit which has just been silent."""
        behind = [(q, a) for q, a in self._waiting if q.unit == unit and q.is_read]
        self._waiting = deque(pair for pair in self._waiting if pair not in behind)
        for _, answer in behind:
            if not answer.done():
                answer.set_exception(NotAsked.behind(problem))

    async def _in_step(self, question: Question) -> bytes:
        """Ask when the unit's next answer can only be the one to this question."""
        await self._rest(self._line.silence_s if self._is_settled else self._settle_s)
        if self._stream:
            self._mind_stray()
            await self._rest(self._settle_s)
            self._stream.clear()
        self._is_settled = True
        self._units.add(question.unit)
        doubt = self._doubts.get(question.unit)
        if doubt is not None and question.unit in self._deaf_units:
            self._require_long_silence(question.unit, doubt)
        elif doubt is not None:
            await self._loop_back(question.unit, doubt)
        return await self._exchange(question)

    def _mind_stray(self) -> None:
        """Octets that answer nothing: someone is late, and nothing says who."""
        self._losses.add("stray_answer")
        for unit in self._units:
            doubt = self._doubts.setdefault(unit, _Doubt(0.0))
            doubt.since_s, doubt.unanswered_loop_backs = self._loop.time(), 0
        self._unsettle()

    def _unsettle(self) -> None:
        self._is_settled = False
        self._resting_since_s = self._loop.time()

    async def _rest(self, seconds: float) -> None:
        """Wait until nothing was heard or given up for this long; ConnectionLost when noise never ends."""
        begin_s = self._loop.time()
        while True:
            quiet_s = self._loop.time() - max(self._last_heard_s, self._resting_since_s)
            if quiet_s >= seconds:
                return
            if self._loop.time() - begin_s > _NOISE_LIMIT_S + seconds:
                raise ConnectionLost(
                    f"{self.name}: the line never falls silent; check termination and other masters",
                    key="line_never_silent",
                    device=self.name,
                )
            await self._awoken(seconds - quiet_s)

    async def _loop_back(self, unit: int, doubt: _Doubt) -> None:
        """Let a unit in doubt send a fresh word back."""
        self._word = (self._word + 1) % _WORDS
        question = loop_back_question(unit, word=self._word)
        try:
            data = await self._exchange(question, doubt)
        except DeviceRefused:
            return  # it does not know the function, but it has answered the newest question
        except DeviceTimeout as silence:
            doubt.unanswered_loop_backs += 1
            if doubt.unanswered_loop_backs >= DEAF_AFTER:
                self._deaf_units.add(unit)
            raise NotAsked.behind(silence) from silence
        if data != question.body:
            self._doubts[unit] = doubt
            self._unsettle()
            raise ProtocolError(f"unit {unit} sent another word back", key="modbus_wrong_echo", unit=unit)

    def _require_long_silence(self, unit: int, doubt: _Doubt) -> None:
        needed_s = DEAF_AFTER * (self._timeout_s + self._settle_s)
        if self._loop.time() - doubt.since_s < needed_s:
            raise LeftAlone(
                f"{self.name}: unit {unit} was late and is left alone for {needed_s:.1f} s",
                key="unit_left_alone",
                device=self.name,
                unit=unit,
                seconds=round(needed_s, 1),
            )

    async def _exchange(self, question: Question, doubt: _Doubt | None = None) -> bytes:
        """Send one frame and return its answer; until that is in, the unit is in doubt."""
        self._doubts[question.unit] = doubt = doubt or _Doubt(self._loop.time())
        frame = rtu_frame(question)
        self._stream.clear()
        await self._line.send(frame)
        wire_s = self._line.octet_s * (len(frame) + answer_length(question))
        deadline_s = self._loop.time() + self._timeout_s + wire_s
        try:
            while True:
                found = self._found(question, frame)
                if found is not None:
                    break
                left_s = deadline_s - self._loop.time()
                if left_s <= 0:
                    raise self._silence(question, frame)
                self._raise_if_broken(question, frame)
                await self._awoken(min(left_s, BROKEN_AFTER_S) if self._stream else left_s)
        except (DeviceTimeout, ProtocolError):
            doubt.since_s = self._loop.time()
            self._unsettle()
            raise
        self._stream.clear()
        del self._doubts[question.unit]
        if found.before >= SHORTEST or found.behind:  # less before it is a click, no answer of anyone
            self._mind_stray()
        return answer_data(question.unit, found.pdu, question)

    def _found(self, question: Question, frame: bytes) -> RtuAnswer | None:
        """Look for the answer behind our own frame, which some lines send back."""
        stream = bytes(self._stream)
        starts_with_echo = stream.startswith(frame)
        is_same = len(frame) == answer_length(question) and not question.is_read
        if starts_with_echo and (not is_same or self._is_echoing is not False):
            stream = stream[len(frame) :]
        found = find_rtu_answer(stream, question)
        if question.is_read and (found is not None or starts_with_echo):
            self._is_echoing = starts_with_echo
        return found

    def _silence(self, question: Question, frame: bytes) -> DeviceTimeout:
        if not self._stream and self._is_echoing is None:
            self._is_echoing = False
        return DeviceTimeout(
            f"{self.name}: unit {question.unit} does not answer",
            key="unit_not_answering",
            device=self.name,
            unit=question.unit,
        )

    def _raise_if_broken(self, question: Question, frame: bytes) -> None:
        """Tell a broken or foreign answer from one that is still coming."""
        if self._loop.time() - self._last_heard_s < BROKEN_AFTER_S:
            return
        stream = bytes(self._stream)
        heard = stream[len(frame) :] if self._is_echoing or stream.startswith(frame) else stream
        if len(heard) >= SHORTEST and is_frame(heard) and heard[0] == question.unit:
            raise ProtocolError(
                f"{self.name}: unit {question.unit} answered another question",
                key="modbus_wrong_function",
                unit=question.unit,
            )
        if len(heard) >= answer_length(question):
            self._losses.add("broken_frame")
            raise ProtocolError(
                f"{self.name}: the checksum of an answer of unit {question.unit} is wrong",
                key="modbus_checksum",
                unit=question.unit,
            )
