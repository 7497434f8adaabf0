"""The OPC UA driver: what is subscribed, read on schedule, watched and passed on.

The library's "connected" is not believed: the server's clock is subscribed as a heartbeat and must move.
Nodes are visited in turn, because servers delete them without a word.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np

from acquisition.drivers.opcua.arrays import ArrayItem, blocks_of
from acquisition.drivers.opcua.browsing import OpcUaBrowser
from acquisition.drivers.opcua.changes import Changes, DataValue, changes_of, joined
from acquisition.drivers.opcua.history import pages, remembered
from acquisition.drivers.opcua.inbox import Arrival, Inbox
from acquisition.drivers.opcua.library import Node
from acquisition.drivers.opcua.rows import ScalarTable, bad_rows
from acquisition.drivers.opcua.session import OpcUaSession
from acquisition.drivers.opcua.settings import OpcUaSettings
from acquisition.drivers.opcua.status_codes import quality_of_status
from acquisition.drivers.writing import Value, raw_value, require_release, unknown_outcome
from acquisition.source_times import NO_TIME, is_behind, is_believable
from domain.errors import (
    AcquisitionError,
    ConfigurationError,
    ConnectionLost,
    ControlRoomError,
    DeviceTimeout,
    ProtocolError,
)
from domain.instants import Clock, to_microseconds
from domain.plant.discovery import FoundItem
from domain.plant.quality import BAD_NOT_CONFIGURED, QualityFlag
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, joined_batches
from domain.plant.tags import Connection, Tag

_log = logging.getLogger(__name__)

_HEARTBEAT_HANDLE: Final = 0xFFFF_FFFF
_FIRST_HANDLE: Final = 1

_ARRAYS_WAITING: Final = 1000
_CHECK_S: Final = 0.25
_VISIT_S: Final = 1.0
_VISITED_NODES: Final = 200
_BLOCKS_A_TURN: Final = 8
"""Other devices of the same loop get their turn after so many arrays, a millisecond of work."""


@dataclass(frozen=True)
class _Plan:
    """What is monitored, by client handle, and which captures are read on schedule."""

    nodes: dict[int, Node] = field(default_factory=dict)
    scalars: dict[int, Tag] = field(default_factory=dict)
    arrays: dict[int, ArrayItem] = field(default_factory=dict)
    monitored: dict[int, tuple[Node, Tag]] = field(default_factory=dict)
    captures: dict[int, tuple[Node, Tag]] = field(default_factory=dict)
    unmonitored: set[int] = field(default_factory=set)
    missing: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Quality and status by key of the tags that the server does not have or does not monitor."""


class OpcUaDriver:
    """Subscribes values and sampled arrays of one OPC UA server.

    Options: ``endpoint`` opc.tcp://host:port/path, ``pki`` folder, ``security`` Basic256Sha256, ``mode``
    SignAndEncrypt, ``waiver`` False (needed for security None), ``server_uri`` and ``certificate_host`` when
    they differ from what the server and the endpoint say, ``user`` and ``password_variable`` (name of an
    environment variable) or ``user_certificate`` and ``user_key`` (files, and ``user_key_password_variable``
    for the key's password), ``publishing_interval_ms`` 200, ``keep_alive_s`` 2, ``heartbeat_timeout_s`` 3,
    ``writing_released`` False.
    """

    def __init__(self, connection: Connection, *, clock: Clock) -> None:
        self._settings = OpcUaSettings.of(connection)
        self._clock = clock
        self._session = OpcUaSession(self._settings, clock=clock)
        self._inbox: Inbox | None = None
        self._heartbeat_s = 0.0
        self._is_clock_monitored = False
        self._sequence: int | None = None
        self._is_open = False
        self._is_closing = False
        self.held_us = NO_TIME
        self.losses = LossCounter()

    async def connect(self) -> None:
        """Open a session; ConfigurationError when security refuses, AcquisitionError otherwise."""
        await self._session.open()
        self._is_open = True

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Read values once; arrays are bad rows."""
        if not self._is_open:
            raise self._session.not_connected()
        if not tags:
            raise ConfigurationError("no tag to read", key="nothing_to_read")
        plan = self._plan(tags)
        handles = list(plan.nodes)
        answers = await self._session.read([plan.nodes[handle] for handle in handles])
        now_us = self._clock.now_us()
        table = ScalarTable(dict(enumerate(tags, start=_FIRST_HANDLE)), subscribed_us=0, losses=self.losses)
        changes = changes_of(zip(handles, answers, strict=True))
        read = table.batch(changes, receive_us=np.full(len(changes), now_us))
        batch = joined_batches([each for each in (read, bad_rows(plan.missing, now_us=now_us)) if each])
        place_of = {tag.key: place for place, tag in enumerate(tags)}
        return batch.select(np.argsort([place_of[key] for key in batch.tag_key.tolist()]))

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver what the server reports; streaming arrays as blocks, other waveforms read on schedule.

        Raises ConnectionLost when the link goes or the server ends the subscription, DeviceTimeout when the
        server's clock stands still.
        """
        self.held_us = subscribed_us = await self._server_time_us()
        plan = self._plan(tags)
        table = ScalarTable(plan.scalars, subscribed_us=subscribed_us, losses=self.losses)
        inbox = Inbox(
            capacity=max(1000, 4 * len(tags), _ARRAYS_WAITING * len(plan.arrays)), losses=self.losses
        )
        self._inbox = inbox
        await self._start(plan)
        tasks = [
            asyncio.create_task(self._guarded(work, inbox))
            for work in (partial(self._capture, plan, inbox), partial(self._visit, plan, inbox, table))
        ]
        try:
            missing = bad_rows(plan.missing, now_us=self._clock.now_us())
            if missing is not None:
                yield missing
            while not self._is_closing:
                arrivals = await inbox.take(within_s=_CHECK_S)
                async for item in self._items(arrivals, plan, table):
                    yield item
                await self._check_heartbeat()
        except ConnectionLost:
            if not self._is_closing:
                raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _items(
        self, arrivals: Sequence[Arrival], plan: _Plan, table: ScalarTable
    ) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Yield the scalars of some notification lists as one batch, then the arrays."""
        if not arrivals:
            return
        lengths = [len(changes) for _, changes in arrivals]
        receive_us = np.repeat(np.array([each for each, _ in arrivals], dtype=np.int64), lengths)
        batch = table.batch(joined([changes for _, changes in arrivals]), receive_us=receive_us)
        if batch is not None:
            yield batch
        for when_us, changes in arrivals:
            made = enumerate(blocks_of(changes, plan.arrays, receive_us=when_us), start=1)
            for number, (key, block) in made:
                if isinstance(block, SampleBlock):
                    yield block
                elif (bad := bad_rows({key: (block, 0)}, now_us=when_us)) is not None:
                    yield bad
                if number % _BLOCKS_A_TURN == 0:
                    await asyncio.sleep(0)

    async def read_past(
        self, tags: Sequence[Tag], *, start_us: int, end_us: int
    ) -> AsyncGenerator[ReadingBatch]:
        """Deliver what the server kept with start <= source time < end, each tag's oldest first, back-filled.

        Waveforms, and tags whose node keeps no past, are left out.
        """
        plan = self._plan([tag for tag in tags if not tag.is_waveform])
        nodes = {handle: plan.nodes[handle] for handle in plan.scalars}
        table = ScalarTable(plan.scalars, subscribed_us=0, losses=self.losses, are_past=True)
        nodes = await remembered(self._session, nodes) if nodes else {}
        told = pages(self._session, nodes, start_us=start_us, end_us=end_us)
        async with contextlib.aclosing(told):
            async for changes in told:
                inside = (changes.source_us >= start_us) & (changes.source_us < end_us)
                wanted = changes.select(np.flatnonzero(inside))
                batch = table.batch(wanted, receive_us=np.full(len(wanted), self._clock.now_us()))
                if batch is not None:
                    flagged = batch.quality | np.uint16(QualityFlag.BACK_FILLED)
                    yield replace(batch, quality=flagged)

    async def browse(self, place: str = "") -> Sequence[FoundItem]:
        """Return what lies directly below a place, "" for the Objects folder."""
        return await self._browser().browse(place)

    async def search(
        self, words: str, *, place: str = "", most_nodes: int = 50_000, within_s: float = 20.0
    ) -> Sequence[FoundItem]:
        """Return values whose name holds the words, wherever below a place; bounded in nodes and time."""
        return await self._browser().search(words, place=place, most_nodes=most_nodes, within_s=within_s)

    def _browser(self) -> OpcUaBrowser:
        if not self._is_open:
            raise self._session.not_connected()
        return OpcUaBrowser(self._session)

    async def write(self, tag: Tag, value: Value) -> None:
        """Write once and read back; NotPermitted unless connection and tag allow it.

        Raises RuleViolation outside the tag's limits, DeviceRefused, or WriteOutcomeUnknown when the server
        did not confirm.
        """
        require_release(tag, is_released=self._settings.is_writing_released)
        node = self._session.node(tag)
        (held,) = await self._session.read([node])
        holds_integer = held.Value is not None and isinstance(held.Value.Value, int)
        raw = raw_value(tag, value, holds_integer=holds_integer)
        try:
            await self._session.write(tag, raw)
            (after,) = await self._session.read([node])
        except (ConnectionLost, DeviceTimeout, ProtocolError) as silence:
            raise unknown_outcome(tag, None) from silence
        now_held = None if after.Value is None else after.Value.Value
        if now_held != raw:
            raise unknown_outcome(tag, now_held if isinstance(now_held, (bool, int, float, str)) else None)

    async def close(self) -> None:
        """Close the session; never raises, ends a running ``subscribe``."""
        self._is_closing = True
        if self._inbox is not None:
            self._inbox.fail(self._session.not_connected())
        await self._session.close()

    # --- what the session tells ---

    def published(self, sequence: int | None, changes: Changes | None) -> None:
        """Take a notification list from the publish loop."""
        is_beat = False
        if changes is not None:
            others = changes.handle != _HEARTBEAT_HANDLE
            is_beat = not others.all()
            if is_beat:  # it has told what it had to
                changes = changes.select(np.flatnonzero(others))
        if is_beat or not self._is_clock_monitored:
            self._heartbeat_s = self._clock.monotonic_s()
        if sequence is None or changes is None or self._inbox is None:
            return
        if self._sequence is not None and sequence > self._sequence + 1:
            self.losses.add("notification_missing", sequence - self._sequence - 1)
        self._sequence = sequence
        if len(changes):
            self._inbox.put(self._clock.now_us(), changes)

    def ended(self, reason: ControlRoomError) -> None:
        """Learn that nothing more will come."""
        if self._inbox is not None:
            self._inbox.fail(reason)

    # --- set-up of a subscription ---

    async def _server_time_us(self) -> int:
        """Return the server's clock, ours when it does not tell or is not believable."""
        now_us = self._clock.now_us()
        told = await self._session.server_time()
        told_us = NO_TIME if told is None else to_microseconds(told)
        is_wrong = is_behind(told_us, receive_us=now_us) or not is_believable(told_us, receive_us=now_us)
        return now_us if is_wrong else told_us

    def _plan(self, tags: Sequence[Tag]) -> _Plan:
        plan = _Plan()
        for handle, tag in enumerate(tags, start=_FIRST_HANDLE):
            node = self._node_or_none(tag)
            if node is None:
                plan.missing[tag.key] = (BAD_NOT_CONFIGURED, 0)
                continue
            plan.nodes[handle] = node
            if tag.is_waveform:
                plan.arrays[handle] = ArrayItem(tag, losses=self.losses)
            else:
                plan.scalars[handle] = tag
            is_captured = tag.is_waveform and tag.capture is not None and not tag.capture.is_streaming
            (plan.captures if is_captured else plan.monitored)[handle] = (node, tag)
        return plan

    async def _start(self, plan: _Plan) -> None:
        self._is_clock_monitored = await self._session.subscribe(self, heartbeat_handle=_HEARTBEAT_HANDLE)
        self._heartbeat_s = self._clock.monotonic_s()
        for handle, status in (await self._monitor(plan, list(plan.monitored))).items():
            if handle in plan.unmonitored:
                _, tag = plan.monitored[handle]
                _log.warning("tag '%s': the server refuses to monitor it (0x%08X)", tag.name, status)
                plan.missing[tag.key] = (quality_of_status(status), status)

    async def _monitor(self, plan: _Plan, handles: Sequence[int]) -> dict[int, int]:
        """Create monitored items; those refused stay in ``plan.unmonitored``."""
        statuses = await self._session.monitor({handle: plan.monitored[handle] for handle in handles})
        plan.unmonitored.difference_update(handles)
        plan.unmonitored.update(handle for handle, status in statuses.items() if status >> 30)
        return statuses

    def _node_or_none(self, tag: Tag) -> Node | None:
        try:
            if tag.is_waveform and not tag.sampling_rate_hz:
                raise ConfigurationError(
                    f"tag '{tag.name}': a waveform needs a sampling rate",
                    key="sampling_rate_missing",
                    tag=tag.name,
                )
            return self._session.node(tag)
        except ConfigurationError as problem:
            _log.warning("%s", problem)
            return None

    # --- beside the subscription ---

    async def _guarded(self, work: Callable[[], Coroutine[None, None, None]], inbox: Inbox) -> None:
        """Let what ends beside the subscription end it too: nothing is left undone in silence."""
        try:
            await work()
        except ControlRoomError as problem:
            inbox.fail(problem)
        except Exception as defect:  # the task's outer edge
            _log.exception("%s: work beside the subscription failed", self._settings.endpoint)
            inbox.fail(
                AcquisitionError(
                    f"{self._settings.endpoint}: internal fault: {defect!r}", key="internal_fault"
                )
            )

    async def _capture(self, plan: _Plan, inbox: Inbox) -> None:
        """Read the waveforms that do not stream, each at its interval, not all at once."""
        start_s = self._clock.monotonic_s()
        due_s: dict[int, float] = {}
        for place, (handle, (_, tag)) in enumerate(plan.captures.items()):
            due_s[handle] = start_s + min(0.05, _interval_s(tag) / len(plan.captures)) * place
        while due_s:
            handle = min(due_s, key=due_s.__getitem__)
            await asyncio.sleep(max(0.0, due_s[handle] - self._clock.monotonic_s()))
            node, tag = plan.captures[handle]
            due_s[handle] += _interval_s(tag)
            (answer,) = await self._session.read([node])
            inbox.put(self._clock.now_us(), changes_of([(handle, answer)]))

    async def _visit(self, plan: _Plan, inbox: Inbox, table: ScalarTable) -> None:
        """Read every monitored node in turn, few at a time.

        A node that is gone makes a bad row; one that is back is monitored again.
        """
        scalars = [handle for handle in plan.monitored if handle in plan.scalars]
        handles = itertools.cycle(scalars)
        while scalars:
            await asyncio.sleep(_VISIT_S)
            visited = list(itertools.islice(handles, min(_VISITED_NODES, len(scalars))))
            answers = await self._session.read([plan.monitored[handle][0] for handle in visited])
            for handle, answer in zip(visited, answers, strict=True):
                if self._came_back(plan, handle, answer, inbox):
                    table.expect_held(handle)
                    await self._monitor(plan, [handle])

    def _came_back(self, plan: _Plan, handle: int, answer: DataValue, inbox: Inbox) -> bool:
        """Note a node that is gone; return whether one is there again that was gone."""
        status = 0 if answer.StatusCode is None else int(answer.StatusCode.value)
        is_gone = quality_of_status(status) == BAD_NOT_CONFIGURED
        if is_gone and handle not in plan.unmonitored:
            plan.unmonitored.add(handle)
            inbox.put(self._clock.now_us(), changes_of([(handle, answer)]))
        return not is_gone and handle in plan.unmonitored

    async def _check_heartbeat(self) -> None:
        limit_s = self._settings.heartbeat_timeout_s
        if self._clock.monotonic_s() - self._heartbeat_s <= limit_s:
            return
        await asyncio.sleep(_CHECK_S)  # if it was us who slept, what arrived meanwhile is read now
        if self._clock.monotonic_s() - self._heartbeat_s > limit_s:
            raise DeviceTimeout(
                f"{self._settings.endpoint}: the server's clock has not moved for {limit_s:.0f} s; "
                "the subscription is dead or the server hangs",
                key="opcua_heartbeat",
                device=self._settings.endpoint,
                seconds=round(limit_s),
            )


def _interval_s(tag: Tag) -> float:
    return tag.capture.interval_s if tag.capture else tag.period_s
