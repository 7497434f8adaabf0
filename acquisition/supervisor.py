"""A task per connection: connect, read, notice silence, back off, try again with a fresh driver.

A lost device is a state, not an exception: its tags turn bad at once, the others never notice.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

from acquisition.back_fill import MissedTime, Stretches, TakenTimes, is_past
from acquisition.driver import Driver, DriverState, PastSource, Redelivered
from acquisition.drivers import DriverEntry
from acquisition.inspection import Inspection, has_value
from acquisition.source_times import NO_TIME
from domain.errors import AcquisitionError, ConfigurationError, ControlRoomError, DeviceTimeout
from domain.instants import Clock
from domain.plant.quality import BAD_COMMUNICATION_LOST, BAD_STALE
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Connection, ConnectionKind, Tag
from domain.ports import ConnectionStatus, Sink

_log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.5
RETRY_CAP_S: Final = 2.0
CONFIGURATION_RETRY_S: Final = 5.0
CONNECT_INTERVAL_S: Final = 1.0
CONNECT_DEADLINE_S: Final = 10.0
CLOSE_DEADLINE_S: Final = 1.0
STALE_CHECK_S: Final = 0.25
FILL_CHECK_S: Final = 1.0
FILL_PAUSE_S: Final = 0.02
FILL_ROWS_PER_S: Final = 10_000
"""Back-fill takes about a tenth of a core and lets live values through between its batches."""
FILL_ATTEMPTS: Final = 3

LINK_DOWN: Final = "link_down"
"""Cause of loss: values that were due while the link was down and did not turn up afterwards."""


class ConnectionSupervisor:
    """Keeps one connection alive until it is stopped or its source has ended."""

    def __init__(
        self,
        connection: Connection,
        tags: Sequence[Tag],
        sink: Sink,
        *,
        clock: Clock,
        entry: DriverEntry,
        chance: random.Random,
    ) -> None:
        self._connection = connection
        self._tags = tuple(tags)
        self._sink = sink
        self._clock = clock
        self._entry = entry
        self._chance = chance
        self._losses = LossCounter()
        self._inspection = Inspection(
            tags,
            is_simulated=connection.is_simulated,
            losses=self._losses,
            keeps_sequence=entry.keeps_sequence,
        )
        self._driver: Driver | None = None
        self._state = DriverState.CONNECTING if connection.is_enabled else DriverState.DISABLED
        self._problem: ControlRoomError | None = None
        self._is_marked_bad = False
        self._retry_s = FIRST_RETRY_S
        self._last_attempt_s = -CONNECT_INTERVAL_S
        self._mark = "connection_unsigned" if entry.is_unsigned(connection) else ""
        self._next_try_s: float | None = None
        self._last_value_s: float | None = None
        self._missed = MissedTime(tags)
        self._taken = TakenTimes(tags)
        self._comes_again = False
        self._filled = 0

    def resume(self, last: ReadingBatch) -> None:
        """Take over what an earlier run stored last: the time since then is asked for, the rest is known."""
        self._missed.resume(last)
        self._taken.note(last)

    async def run(self) -> None:
        """Serve the connection; returns when the source has ended, otherwise runs until cancelled."""
        if not self._connection.is_enabled:
            return
        while not await self._serve_once():
            await self._back_off()

    def status(self) -> ConnectionStatus:
        """Return the state for the status file and screens; losses are those of all links so far."""
        now_s = self._clock.monotonic_s()
        drops = dict(self._losses.by_cause)
        if self._driver is not None:
            for cause, count in self._driver.losses.by_cause.items():
                drops[cause] = drops.get(cause, 0) + count
        if self._missed.lost:
            drops[LINK_DOWN] = self._missed.lost
        return ConnectionStatus(
            connection_id=self._connection.id,
            name=self._connection.name,
            state=self._state.value,
            last_value_age_s=None if self._last_value_s is None else now_s - self._last_value_s,
            drops=drops,
            message_key=self._problem.key if self._problem else self._mark,
            parameters=self._problem.plain_parameters() if self._problem else {},
            detail=str(self._problem) if self._problem else "",
            next_try_s=None if self._next_try_s is None else max(0.0, self._next_try_s - now_s),
            back_filled=self._filled,
        )

    async def _serve_once(self) -> bool:
        """Connect a fresh driver and pass on what it brings; return whether the source has ended."""
        self._last_attempt_s = self._clock.monotonic_s()
        try:
            async with self._connected() as driver, self._watching_for_silence(), self._filling(driver):
                async for item in driver.subscribe(self._tags):
                    self._pass_on(item)
            self._change_state(DriverState.DISCONNECTED, None)
            return True
        except ConfigurationError as problem:
            self._lose(DriverState.REFUSED, problem)
        except DeviceTimeout as problem:
            self._lose(DriverState.NOT_ANSWERING, problem)
        except AcquisitionError as problem:
            self._lose(DriverState.DISCONNECTED, problem)
        except Exception as defect:  # the task's outer edge: a defect of one driver must not end the others
            _log.exception("connection '%s': the driver failed", self._connection.name)
            self._lose(
                DriverState.DISCONNECTED,
                AcquisitionError(f"internal fault: {defect!r}", key="internal_fault"),
            )
        return False

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Driver]:
        driver = self._entry.create(self._connection, self._clock)
        self._driver = driver
        self._comes_again = isinstance(driver, Redelivered)
        if isinstance(driver, Redelivered):
            driver.take_up(self._taken.by_tag())
        try:
            try:
                async with asyncio.timeout(CONNECT_DEADLINE_S):
                    await driver.connect()
            except TimeoutError:
                raise DeviceTimeout(
                    f"connection '{self._connection.name}': not ready within {CONNECT_DEADLINE_S:.0f} s",
                    key="device_not_ready",
                    device=self._connection.name,
                    seconds=round(CONNECT_DEADLINE_S),
                ) from None
            self._inspection.begin(self._clock.monotonic_s())
            self._missed.begin(is_counted=self._entry.is_polled or isinstance(driver, PastSource))
            yield driver
        finally:
            await self._close(driver)

    async def _close(self, driver: Driver) -> None:
        try:
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                await driver.close()
        except TimeoutError:
            _log.warning("connection '%s': closing took too long, given up", self._connection.name)
        finally:
            self._driver = None
            for cause, count in driver.losses.by_cause.items():
                self._losses.add(cause, count)

    @contextlib.asynccontextmanager
    async def _watching_for_silence(self) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        """Say "stale" for tags that a living link no longer brings, "frozen" for those that stand still."""
        while True:
            await asyncio.sleep(STALE_CHECK_S)
            now_s, now_us = self._clock.monotonic_s(), self._clock.now_us()
            if self._entry.is_polled:
                stale = self._inspection.newly_stale(BAD_STALE, now_s=now_s, now_us=now_us)
                if stale is not None:
                    self._sink.publish(stale)
            frozen = self._inspection.newly_frozen(now_s=now_s, now_us=now_us)
            if frozen is not None:
                self._sink.publish(frozen)

    @contextlib.asynccontextmanager
    async def _filling(self, driver: Driver) -> AsyncIterator[None]:
        fill = asyncio.create_task(self._fill(driver)) if isinstance(driver, PastSource) else None
        try:
            yield
        finally:
            if fill is not None:
                fill.cancel()
                await asyncio.gather(fill, return_exceptions=True)

    async def _fill(self, source: PastSource) -> None:
        """Fetch what was missed, stretch by stretch; what a lost link interrupts is asked of the next one."""
        attempts = 0
        while True:
            await asyncio.sleep(FILL_CHECK_S)
            for stretches in self._missed.waiting(now_s=self._clock.monotonic_s()):
                try:
                    await self._fetch(source, stretches)
                    self._missed.answered(stretches, now_s=self._clock.monotonic_s())
                except AcquisitionError as problem:
                    attempts += 1
                    _log.info("connection '%s': no back-fill (%s)", self._connection.name, problem)
                    if attempts < FILL_ATTEMPTS:
                        break
                    self._missed.give_up(stretches)
                except Exception:  # the task's outer edge: live values go on without a past
                    _log.exception("connection '%s': back-fill failed", self._connection.name)
                    self._missed.give_up(stretches)
                attempts = 0

    async def _fetch(self, source: PastSource, stretches: Stretches) -> None:
        keys = set(stretches.keys.tolist())
        tags = [tag for tag in self._tags if tag.key in keys]
        start_us, end_us = int(stretches.start_us.min()) + 1, int(stretches.end_us.max())
        async with contextlib.aclosing(source.read_past(tags, start_us=start_us, end_us=end_us)) as batches:
            async for batch in batches:
                missed = self._missed.take(stretches, batch)
                if len(missed):
                    self._filled += len(missed)
                    self._sink.publish(self._inspection.past(missed))
                await asyncio.sleep(max(FILL_PAUSE_S, len(batch) / FILL_ROWS_PER_S))

    def _pass_on(self, item: ReadingBatch | SampleBlock) -> None:
        now_s = self._clock.monotonic_s()
        if self._comes_again and isinstance(item, ReadingBatch):
            self._taken.note(item)
        if isinstance(item, ReadingBatch) and (past := is_past(item)).any():
            self._filled += int(past.sum())
            self._sink.publish(self._inspection.past(item.select(past)))
            item = item.select(~past)
        passed: ReadingBatch | SampleBlock | None
        if isinstance(item, SampleBlock):
            passed = self._inspection.block(item, now_s=now_s)
        else:
            passed = self._inspection.batch(item, now_s=now_s)
            self._missed.note(passed, held_us=self._held_us())
        if passed is None:
            return
        is_sign_of_life = isinstance(passed, ReadingBatch) and not len(passed)
        if is_sign_of_life or has_value(passed):
            self._is_marked_bad = False
            self._retry_s = FIRST_RETRY_S
            self._change_state(DriverState.CONNECTED, None)
        if not is_sign_of_life:
            if has_value(passed):
                self._last_value_s = now_s
            self._sink.publish(passed)

    def _held_us(self) -> int:
        return self._driver.held_us if isinstance(self._driver, PastSource) else NO_TIME

    def _lose(self, state: DriverState, problem: ControlRoomError) -> None:
        """Turn every tag bad, once per loss."""
        self._change_state(state, problem)
        if not self._is_marked_bad:
            self._is_marked_bad = True
            self._sink.publish(self._inspection.all_bad(BAD_COMMUNICATION_LOST, now_us=self._clock.now_us()))

    def _change_state(self, state: DriverState, problem: ControlRoomError | None) -> None:
        if state is not self._state or (problem and str(problem) != str(self._problem)):
            _log.log(
                logging.WARNING if problem else logging.INFO,
                "connection '%s': %s%s",
                self._connection.name,
                state.value,
                f": {problem}" if problem else "",
            )
        self._state, self._problem = state, problem

    async def _back_off(self) -> None:
        """Wait 0.5 s doubling to 2 s, longer for a wrong set-up, never less than 1 s between attempts."""
        delay_s = self._retry_s * self._chance.uniform(0.75, 1.0)
        if self._state is DriverState.REFUSED:
            delay_s = CONFIGURATION_RETRY_S
        self._retry_s = min(2 * self._retry_s, RETRY_CAP_S)
        now_s = self._clock.monotonic_s()
        delay_s = max(delay_s, self._last_attempt_s + CONNECT_INTERVAL_S - now_s)
        self._next_try_s = now_s + delay_s
        await asyncio.sleep(delay_s)
        self._next_try_s = None


class AcquisitionSupervisor:
    """Runs every connection in the caller's event loop, each isolated from the others."""

    def __init__(
        self,
        connections: Iterable[Connection],
        tags: Iterable[Tag],
        sink: Sink,
        *,
        clock: Clock,
        drivers: Callable[[ConnectionKind], DriverEntry],
        chance: random.Random,
    ) -> None:
        by_connection: dict[object, list[Tag]] = {}
        for tag in tags:
            by_connection.setdefault(tag.connection_id, []).append(tag)
        self._supervisors = [
            ConnectionSupervisor(
                connection,
                by_connection.get(connection.id, []),
                sink,
                clock=clock,
                entry=drivers(connection.kind),
                chance=chance,
            )
            for connection in connections
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def resume(self, last: ReadingBatch) -> None:
        """Tell every connection what an earlier run stored last; before ``start``."""
        for each in self._supervisors:
            each.resume(last)

    def start(self) -> None:
        """Start a task per connection; needs a running loop."""
        self._tasks = [asyncio.create_task(each.run()) for each in self._supervisors]

    async def finished(self) -> None:
        """Return when every source has ended by itself (recordings do, devices do not)."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop all connections and close their drivers; takes at most 2 s."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def statuses(self) -> tuple[ConnectionStatus, ...]:
        """Return the state of every connection in the order of the set-up."""
        return tuple(each.status() for each in self._supervisors)
