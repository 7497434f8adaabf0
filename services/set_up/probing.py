"""A look at a device while it is being set up: test, browse, read once. In a process of its own.

The window never loads a device library, and a library that hangs or dies takes nothing with it.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final

import numpy as np

from domain.errors import AcquisitionError, ControlRoomError, DeviceTimeout
from domain.plant.discovery import FoundItem
from domain.plant.quality import Quality
from domain.plant.tags import Connection, ConnectionKind, Tag

START_S: Final = 15.0
ANSWER_S: Final = 15.0
END_S: Final = 2.0
SEARCH_S: Final = 10.0
_ORDERS: Final = ("big", "little")


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a test of a link found. ``took_ms`` from the first packet to a ready session.

    ``problem`` is None when the device answers; ``is_unsigned`` when it was let in without signatures;
    ``can_browse`` when the device tells what it offers.
    """

    took_ms: float
    problem: ControlRoomError | None = None
    is_unsigned: bool = False
    can_browse: bool = False


@dataclass(frozen=True, slots=True)
class ProbedValue:
    """One value as read: a number in the tag's unit, or words; NaN and "" when there is none."""

    number: float
    words: str
    quality: Quality


@dataclass(frozen=True, slots=True)
class OrderTrial:
    """The same registers read in one order of words and bytes."""

    word_order: str
    byte_order: str
    value: ProbedValue


class DeviceProbe:
    """One device under test. Every call blocks up to 15 s, so use it off the main thread; close it."""

    def __init__(self, connection: Connection, *, pki: Path) -> None:
        """``pki`` holds the certificates of the data folder, for links that need them."""
        self._connection = with_pki(connection, pki)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._connection), daemon=True)
        self._process.start()
        theirs.close()

    def test(self) -> ProbeReport:
        """Connect, or say why it cannot be."""
        return self._ask("test", limit_s=START_S + ANSWER_S)  # type: ignore[no-any-return]

    def browse(self, place: str = "") -> tuple[FoundItem, ...]:
        """Return what lies directly below a place; AcquisitionError when the device does not tell."""
        return self._ask("browse", place)  # type: ignore[no-any-return]

    def search(self, words: str, place: str = "") -> tuple[FoundItem, ...]:
        """Return values whose name holds the words, wherever below a place; what is found within 10 s.

        AcquisitionError when the device cannot be searched.
        """
        return self._ask("search", words, place)  # type: ignore[no-any-return]

    def read(self, tags: Sequence[Tag]) -> tuple[ProbedValue, ...]:
        """Read each tag once, in that order; a tag that alone fails is a bad value."""
        return self._ask("read", tuple(tags))  # type: ignore[no-any-return]

    def read_in_every_order(self, tag: Tag) -> tuple[OrderTrial, ...]:
        """Read a value of several registers in the four orders of words and bytes that devices use."""
        orders = [(word, byte) for word in _ORDERS for byte in _ORDERS]
        tried = [
            replace(tag, key=number, address=dict(tag.address) | {"word_order": word, "byte_order": byte})
            for number, (word, byte) in enumerate(orders, start=1)
        ]
        values = self.read(tried)
        return tuple(OrderTrial(*order, value) for order, value in zip(orders, values, strict=True))

    def close(self, *, within_s: float = END_S) -> None:
        """End the process; what it held is closed with it, the connection in order when there is time."""
        try:
            self._pipe.send(("close", ()))
            self._process.join(within_s)
        except OSError:
            pass  # it is gone already
        if self._process.is_alive():
            self._process.kill()
            self._process.join(END_S)
        self._pipe.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked; one that was silent or abandoned cannot."""
        return self._process.is_alive()

    def abandon(self) -> None:
        """End the process at once, from any thread; a question under way ends with AcquisitionError."""
        self._process.kill()

    def _ask(self, what: str, *arguments: object, limit_s: float = ANSWER_S) -> Any:
        name = self._connection.name
        try:
            self._pipe.send((what, arguments))
            if not self._pipe.poll(limit_s):
                self._process.kill()
                raise DeviceTimeout(f"'{name}' did not answer within {limit_s:.0f} s", key="probe_silent")
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise AcquisitionError(f"the look at '{name}' ended unexpectedly", key="probe_ended") from error
        if isinstance(answer, Exception):
            raise answer
        return answer


def with_pki(connection: Connection, pki: Path) -> Connection:
    """Let certificates lie in the data folder unless the set-up says otherwise."""
    if connection.kind is not ConnectionKind.OPCUA:
        return connection
    return replace(connection, options={"pki": str(pki), **connection.options})


# ---- inside the process


def _serve(pipe: Pipe, connection: Connection) -> None:
    """Answer questions until the pipe is closed or "close" comes."""
    try:
        asyncio.run(_Guest(connection).serve(pipe))
    except (EOFError, OSError, KeyboardInterrupt):
        pass  # the window is gone


class _Guest:
    """One driver, connected when first needed and anew after a failure."""

    def __init__(self, connection: Connection) -> None:
        from acquisition.drivers import DRIVERS
        from services.clock import SystemClock

        self._connection = connection
        self._entry = DRIVERS[connection.kind]
        self._clock = SystemClock()
        self._driver: Any = None

    async def serve(self, pipe: Pipe) -> None:
        answers: dict[str, Callable[..., Awaitable[object]]] = {
            "test": self._test,
            "browse": self._browse,
            "search": self._search,
            "read": self._read,
        }
        while True:
            what, arguments = await asyncio.to_thread(pipe.recv)
            if what == "close":
                await self._leave()
                return
            try:
                pipe.send(await answers[what](*arguments))
            except ControlRoomError as error:
                await self._leave()
                pipe.send(error)
            except Exception as error:  # the process' outer edge: a defect of a driver is told, not hidden
                await self._leave()
                pipe.send(AcquisitionError(f"internal fault: {error!r}"))

    async def _test(self) -> ProbeReport:
        await self._leave()
        begun_s = time.monotonic()
        problem: ControlRoomError | None = None
        try:
            await self._connected()
        except ControlRoomError as error:
            problem = error
        took_ms = (time.monotonic() - begun_s) * 1000
        is_unsigned = problem is None and self._entry.is_unsigned(self._connection)
        return ProbeReport(took_ms, problem, is_unsigned, problem is None and hasattr(self._driver, "browse"))

    async def _browse(self, place: str) -> tuple[FoundItem, ...]:
        driver = await self._connected()
        if not hasattr(driver, "browse"):
            raise AcquisitionError("this kind of device does not tell what it offers", key="cannot_browse")
        return tuple(await driver.browse(place))

    async def _search(self, words: str, place: str) -> tuple[FoundItem, ...]:
        driver = await self._connected()
        if not hasattr(driver, "search"):
            raise AcquisitionError("this kind of device cannot be searched", key="cannot_search")
        return tuple(await driver.search(words, place=place, within_s=SEARCH_S))

    async def _read(self, tags: Sequence[Tag]) -> tuple[ProbedValue, ...]:
        batch = await (await self._connected()).read(tags)
        words = np.full(len(batch), "", dtype=object) if batch.text is None else batch.text
        return tuple(
            ProbedValue(float(value), str(text), Quality.from_code(int(quality)))
            for value, text, quality in zip(batch.value, words, batch.quality, strict=True)
        )

    async def _connected(self) -> Any:
        if self._driver is None:
            driver = self._entry.create(self._connection, self._clock)
            try:
                async with asyncio.timeout(START_S):
                    await driver.connect()
            except TimeoutError:
                await driver.close()
                raise DeviceTimeout(
                    f"'{self._connection.name}' is not ready within {START_S:.0f} s"
                ) from None
            except BaseException:
                await driver.close()
                raise
            self._driver = driver
        return self._driver

    async def _leave(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()
