"""The MQTT driver: plain topics and Sparkplug B of one broker, subscribed with QoS 1.

The session is clean. Values that tell their own time may have a second one that the broker keeps.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from acquisition.back_fill import is_past
from acquisition.driver import Settle, settled_at_once
from acquisition.drivers.mqtt.catalog import MqttCatalog
from acquisition.drivers.mqtt.inbox import BoundedInbox
from acquisition.drivers.mqtt.kept_session import KeptSession, can_be_kept
from acquisition.drivers.mqtt.link import MqttLink
from acquisition.drivers.mqtt.payloads import Message, TakenUp
from acquisition.drivers.mqtt.routes import Routes
from acquisition.drivers.mqtt.settings import MqttSettings
from acquisition.drivers.mqtt.silence import LastKept, Silence
from acquisition.drivers.tag_values import (
    NOTHING_YET,
    Delivered,
    TagValue,
    bad_value,
    batch_of,
    inbox_key,
    inbox_weight,
)
from acquisition.drivers.writing import Value, require_release
from domain.errors import AcquisitionError, ConfigurationError, ConnectionLost, NotPermitted
from domain.instants import Clock
from domain.plant.discovery import FoundItem
from domain.plant.quality import BAD_NOT_CONFIGURED, BAD_STALE
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Connection, Tag

_log = logging.getLogger(__name__)

_CHECK_S: Final = 0.25
_BLOCKS_A_TURN: Final = 8
_REBIRTH_EVERY_S: Final = 10.0
_BROWSE_LISTEN_S: Final = 1.0


class MqttDriver:
    """Listens to one broker.

    Options: ``host``, ``port`` 1883 (8883 with tls), ``version`` "3.1.1" or "5", ``tls`` False, ``ca`` file,
    ``certificate`` and ``key`` files of ours, ``user`` and ``password_variable`` (name of an environment
    variable), ``waiver`` False (needed for a password without tls), ``client_id``, ``session_expiry_s`` 0
    (for how long the broker keeps plain values with a time of their own while we are away),
    ``silent_after_s`` 0 (after so much silence plain topics are stale; without it those are whose tag has a
    period of more than a second, after three), ``keep_alive_s`` 2, ``capacity`` 20000 values waiting,
    ``most_payload_bytes`` 4000000, ``read_wait_s`` 2, ``browse_filter`` "#", ``writing_released`` False (lets
    us ask Sparkplug nodes to be born again).
    """

    def __init__(self, connection: Connection, *, clock: Clock, settle: Settle = settled_at_once) -> None:
        """``settle`` is waited for before the broker learns that we have what it kept."""
        self._settings = MqttSettings.of(connection)
        self._clock = clock
        self._settle = settle
        self._link: MqttLink | None = None
        self._routes: Routes | None = None
        self._kept: KeptSession | None = None
        self._taken_us: Mapping[int, int] = {}
        self._inbox: BoundedInbox[Delivered] | None = None
        self._catalog: MqttCatalog | None = None
        self._end: AcquisitionError | None = None
        self._is_closing = False
        self._rebirth_s: dict[str, float] = {}
        self.losses = LossCounter()

    def take_up(self, taken_us: Mapping[int, int]) -> None:
        """Learn up to which source time each tag was taken."""
        self._taken_us = taken_us

    async def connect(self) -> None:
        """Log in; ConfigurationError when the broker refuses for good, AcquisitionError otherwise."""
        link = self._link = MqttLink(self._settings, on_message=self._arrived, on_end=self._ended)
        await link.open()

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Listen until every tag has spoken or ``read_wait_s`` is over; the silent ones are bad, stale."""
        link = self._connected()
        latest: dict[int, TagValue] = {}
        inbox = self._inbox = self._new_inbox(len(tags))
        routes = await self._begin(link, tags, into=latest)
        end_s = self._clock.monotonic_s() + self._settings.read_wait_s
        try:
            while len(latest) < len(tags) and (left_s := end_s - self._clock.monotonic_s()) > 0:
                for _, items in await inbox.take(within_s=left_s):
                    latest.update((item.tag_key, item) for item in items if isinstance(item, TagValue))
        finally:
            self._routes = None
        await link.unsubscribe(routes.topics)
        now_us = self._clock.now_us()
        rows = [latest.get(tag.key) or bad_value(tag, BAD_STALE, now_us=now_us) for tag in tags]
        batch = batch_of(rows)
        if batch is None:
            raise ConfigurationError("no tag to read", key="nothing_to_read")
        return batch

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver what is published; raises ConnectionLost or DeviceTimeout when the link ends."""
        link = self._connected()
        first: dict[int, TagValue] = {}
        inbox = self._inbox = self._new_inbox(len(tags))
        lasting, others = self._parted(tags)
        routes = await self._begin(link, others, into=first)
        kept = await self._take_up(lasting, into=first) if lasting else None
        limits = routes.silent_after_s | (kept.routes.silent_after_s if kept else {})
        silence = Silence(limits, now_s=self._clock.monotonic_s())
        last_kept = LastKept(tag.key for tag in lasting)
        yield NOTHING_YET
        batch = batch_of(first.values())
        packets: Sequence[int] = ()
        try:
            while not self._is_closing:
                if batch is not None:
                    silence.heard(batch, now_s=self._clock.monotonic_s())
                    yield batch
                    if kept is not None and is_past(batch).any():
                        await self._settle()
                if kept is not None:
                    kept.acknowledge(packets)
                    packets = kept.arrived()
                taken = [item for _, items in await inbox.take(within_s=_CHECK_S) for item in items]
                blocks = [item for item in taken if isinstance(item, SampleBlock)]
                for number, block in enumerate(blocks, start=1):
                    silence.heard_of(block.tag_key, now_s=self._clock.monotonic_s())
                    yield block
                    if number % _BLOCKS_A_TURN == 0:
                        await asyncio.sleep(0)
                values = [item for item in taken if isinstance(item, TagValue)]
                now_s, now_us = self._clock.monotonic_s(), self._clock.now_us()
                last_kept.heard(values, now_s=now_s)
                values += silence.rows(now_s=now_s, now_us=now_us)
                values += last_kept.rows(now_s=now_s, now_us=now_us)
                batch = batch_of(values)
                self._ask_for_rebirth(link, routes)
        except AcquisitionError:
            if not self._is_closing:
                raise

    async def write(self, tag: Tag, value: Value) -> None:
        """Refuse: a topic has no read-back by which a write could be confirmed."""
        require_release(tag, is_released=self._settings.is_writing_released)
        raise NotPermitted(
            f"tag '{tag.name}': values are not written over MQTT", key="writing_not_offered", tag=tag.name
        )

    async def browse(self, place: str = "") -> Sequence[FoundItem]:
        """Return the topics, JSON members and Sparkplug metrics heard so far; the first call listens 1 s."""
        link = self._connected()
        if self._catalog is None:
            self._catalog = MqttCatalog()
            await link.subscribe([self._settings.browse_filter])
            await asyncio.sleep(_BROWSE_LISTEN_S)
        return self._catalog.items(place)

    async def close(self) -> None:
        """Leave the broker; never raises, ends a running ``subscribe``."""
        self._is_closing = True
        if self._inbox is not None:
            self._inbox.fail(self._not_connected("closed by us"))
        await asyncio.gather(*(each.close() for each in (self._link, self._kept) if each is not None))

    def _connected(self) -> MqttLink:
        if self._link is None or self._end is not None or self._is_closing:
            raise self._end or self._not_connected("not connected")
        return self._link

    def _not_connected(self, what: str) -> ConnectionLost:
        place = self._settings.place
        return ConnectionLost(f"{place}: {what}", key="device_not_connected", device=place)

    def _new_inbox(self, tags: int) -> BoundedInbox[Delivered]:
        inbox = BoundedInbox[Delivered](
            capacity=max(self._settings.capacity, 4 * tags),
            key=inbox_key,
            weight=inbox_weight,
            losses=self.losses,
            loop=asyncio.get_running_loop(),
        )
        if self._end is not None:
            inbox.fail(self._end)
        return inbox

    def _parted(self, tags: Sequence[Tag]) -> tuple[Sequence[Tag], Sequence[Tag]]:
        """Return the tags whose values the broker is to keep while we are away, and the others."""
        if not self._settings.session_expiry_s:
            return (), tags
        lasting = [tag for tag in tags if can_be_kept(tag)]
        if tags and not lasting:
            raise ConfigurationError(
                f"{self._settings.place}: option 'session_expiry_s' is for plain values whose address names "
                "their time in the payload ('time_path'), and there are none: name it or set the option to 0",
                key="mqtt_nothing_to_keep",
                device=self._settings.place,
            )
        return lasting, [tag for tag in tags if not can_be_kept(tag)]

    async def _begin(self, link: MqttLink, tags: Sequence[Tag], *, into: dict[int, TagValue]) -> Routes:
        """Route and subscribe; tags that cannot be had get their bad row ``into``."""
        routes = self._routes = Routes(tags, self._settings, losses=self.losses)
        self._note_refused(routes, await link.subscribe(routes.topics), into=into)
        return routes

    async def _take_up(self, tags: Sequence[Tag], *, into: dict[int, TagValue]) -> KeptSession:
        """Take up the session that the broker keeps, as ``_begin`` does with the clean one."""
        taken_up = TakenUp(self._clock.now_us(), self._taken_us)
        routes = Routes(tags, self._settings, losses=self.losses, taken_up=taken_up)
        kept = self._kept = KeptSession(
            self._settings, routes, deliver=self._deliver, on_end=self._ended, has_room=self._has_room
        )
        self._note_refused(routes, await kept.open(), into=into)
        return kept

    def _note_refused(self, routes: Routes, refused: frozenset[str], *, into: dict[int, TagValue]) -> None:
        for tag in [*routes.unusable, *routes.tags_of(refused)]:
            into[tag.key] = bad_value(tag, BAD_NOT_CONFIGURED, now_us=self._clock.now_us())
        if refused:
            _log.warning("%s refuses %d topics: %s", self._settings.place, len(refused), sorted(refused)[:3])

    def _ask_for_rebirth(self, link: MqttLink, routes: Routes) -> None:
        """Ask nodes with holes for a birth, where writing is released; else we wait for one."""
        if not self._settings.is_writing_released:
            return
        now_s = self._clock.monotonic_s()
        for node in routes.nodes.values():
            if node.needs_rebirth and now_s - self._rebirth_s.get(node.name, -1e9) >= _REBIRTH_EVERY_S:
                self._rebirth_s[node.name] = now_s
                link.publish(*node.rebirth_command())

    # --- in the network thread ---

    def _arrived(self, message: Message) -> None:
        if self._catalog is not None:
            self._catalog.take(message)
        if self._routes is not None:
            self._deliver(message, self._routes)

    def _deliver(self, message: Message, routes: Routes) -> None:
        receive_us = self._clock.now_us()
        items = routes.read(message, receive_us=receive_us)
        if items and self._inbox is not None:
            self._inbox.put(receive_us, items)

    def _has_room(self) -> bool:
        return self._inbox is None or not self._inbox.is_half_full

    def _ended(self, reason: AcquisitionError) -> None:
        self._end = reason
        if self._inbox is not None:
            self._inbox.fail(reason)
