"""The MQTT driver: plain topics and Sparkplug B of one broker, subscribed with QoS 1 in a clean session."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from acquisition.addresses import MqttAddress, MqttFormat
from acquisition.drivers.mqtt.catalog import MqttCatalog
from acquisition.drivers.mqtt.inbox import BoundedInbox
from acquisition.drivers.mqtt.link import MqttLink
from acquisition.drivers.mqtt.payloads import Message, TopicReader
from acquisition.drivers.mqtt.settings import MqttSettings
from acquisition.drivers.mqtt.sparkplug import EdgeNode, SparkplugTopic, node_of
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
from domain.plant.quality import BAD_NOT_CONFIGURED, BAD_STALE, CLASS_MASK, QualityClass
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
    variable), ``waiver`` False (needed for a password without tls), ``client_id``, ``keep_alive_s`` 2,
    ``capacity`` 20000 values waiting, ``most_payload_bytes`` 4000000, ``read_wait_s`` 2, ``browse_filter``
    "#", ``writing_released`` False (lets us ask Sparkplug nodes to be born again).
    """

    def __init__(self, connection: Connection, *, clock: Clock) -> None:
        self._settings = MqttSettings.of(connection)
        self._clock = clock
        self._link: MqttLink | None = None
        self._routes: _Routes | None = None
        self._inbox: BoundedInbox[Delivered] | None = None
        self._catalog: MqttCatalog | None = None
        self._end: AcquisitionError | None = None
        self._is_closing = False
        self._rebirth_s: dict[str, float] = {}
        self.losses = LossCounter()

    async def connect(self) -> None:
        """Log in; ConfigurationError when the broker refuses for good, AcquisitionError otherwise."""
        link = self._link = MqttLink(self._settings, on_message=self._arrived, on_end=self._ended)
        await link.open()

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Listen until every tag has spoken or ``read_wait_s`` is over; the silent ones are bad, stale."""
        link = self._connected()
        latest: dict[int, TagValue] = {}
        routes, inbox = await self._begin(link, tags, into=latest)
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
            raise ConfigurationError("no tag to read")
        return batch

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver what is published; raises ConnectionLost or DeviceTimeout when the link ends."""
        link = self._connected()
        first: dict[int, TagValue] = {}
        routes, inbox = await self._begin(link, tags, into=first)
        silence = _Silence(routes.silent_after_s, now_s=self._clock.monotonic_s())
        yield NOTHING_YET
        batch = batch_of(first.values())
        try:
            while not self._is_closing:
                if batch is not None:
                    silence.heard(batch, now_s=self._clock.monotonic_s())
                    yield batch
                taken = [item for _, items in await inbox.take(within_s=_CHECK_S) for item in items]
                blocks = [item for item in taken if isinstance(item, SampleBlock)]
                for number, block in enumerate(blocks, start=1):
                    yield block
                    if number % _BLOCKS_A_TURN == 0:
                        await asyncio.sleep(0)
                values = [item for item in taken if isinstance(item, TagValue)]
                values += silence.rows(now_s=self._clock.monotonic_s(), now_us=self._clock.now_us())
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
            self._inbox.fail(ConnectionLost(f"{self._settings.place}: closed by us"))
        if self._link is not None:
            await self._link.close()

    def _connected(self) -> MqttLink:
        if self._link is None or self._end is not None or self._is_closing:
            raise self._end or ConnectionLost(f"{self._settings.place} is not connected")
        return self._link

    async def _begin(
        self, link: MqttLink, tags: Sequence[Tag], *, into: dict[int, TagValue]
    ) -> "tuple[_Routes, BoundedInbox[Delivered]]":
        """Route and subscribe; tags that cannot be had get their bad row ``into``."""
        routes = _Routes(tags, self._settings.most_payload_bytes, losses=self.losses)
        inbox = self._inbox = BoundedInbox[Delivered](
            capacity=max(self._settings.capacity, 4 * len(tags)),
            key=inbox_key,
            weight=inbox_weight,
            losses=self.losses,
            loop=asyncio.get_running_loop(),
        )
        if self._end is not None:
            inbox.fail(self._end)
        self._routes = routes
        refused = await link.subscribe(routes.topics)
        for tag in [*routes.unusable, *routes.tags_of(refused)]:
            into[tag.key] = bad_value(tag, BAD_NOT_CONFIGURED, now_us=self._clock.now_us())
        if refused:
            _log.warning("%s refuses %d topics: %s", self._settings.place, len(refused), sorted(refused)[:3])
        return routes, inbox

    def _ask_for_rebirth(self, link: MqttLink, routes: "_Routes") -> None:
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
        receive_us = self._clock.now_us()
        routes, inbox, catalog = self._routes, self._inbox, self._catalog
        if catalog is not None:
            catalog.take(message)
        if routes is None or inbox is None:
            return
        items = routes.read(message, receive_us=receive_us)
        if items:
            inbox.put(receive_us, items)

    def _ended(self, reason: AcquisitionError) -> None:
        self._end = reason
        if self._inbox is not None:
            self._inbox.fail(reason)


class _Routes:
    """Which reader takes a message."""

    def __init__(self, tags: Iterable[Tag], most_bytes: int, *, losses: LossCounter) -> None:
        self._most_bytes = most_bytes
        self._losses = losses
        self.readers: dict[str, TopicReader] = {}
        self.nodes: dict[str, EdgeNode] = {}
        self.silent_after_s: dict[int, tuple[Tag, float]] = {}
        self.unusable: list[Tag] = []
        for tag in tags:
            try:
                self._add(tag, MqttAddress.from_plain(tag.address, tag_name=tag.name))
            except ConfigurationError as problem:
                _log.warning("%s", problem)
                self.unusable.append(tag)

    def _add(self, tag: Tag, address: MqttAddress) -> None:
        if address.format is MqttFormat.SPARKPLUG:
            name = node_of(address)
            node = self.nodes.get(name) or EdgeNode(name, losses=self._losses)
            node.add(tag, address)
            self.nodes[name] = node
        else:
            reader = self.readers.get(address.topic)
            if reader is None:
                reader = TopicReader(address.topic, most_bytes=self._most_bytes, losses=self._losses)
            reader.add(tag, address)
            self.readers[address.topic] = reader
        if address.silent_after_s:
            self.silent_after_s[tag.key] = (tag, address.silent_after_s)

    @property
    def topics(self) -> list[str]:
        """Everything to subscribe."""
        return [*self.readers, *(topic for node in self.nodes.values() for topic in node.topics)]

    def tags_of(self, topics: Iterable[str]) -> list[Tag]:
        """Return the tags that depend on these topics."""
        refused = set(topics)
        plain = [tag for topic in refused & self.readers.keys() for tag in self.readers[topic].tags]
        nodes = [tag for node in self.nodes.values() if refused & set(node.topics) for tag in node.tags]
        return plain + nodes

    def read(self, message: Message, *, receive_us: int) -> list[Delivered]:
        """Return what a message says; nothing when nobody asked."""
        reader = self.readers.get(message.topic)
        if reader is not None:
            return reader.read(message, receive_us=receive_us)
        topic = SparkplugTopic.of(message.topic)
        node = None if topic is None else self.nodes.get(topic.node_name)
        if topic is None or node is None:
            return []
        if message.is_retained:
            self._losses.add("retained_sparkplug")  # of a session that may be long over
            return []
        return node.take(topic, message.payload, receive_us=receive_us)


class _Silence:
    """Turns tags stale whose topic should speak and does not."""

    def __init__(self, limits: dict[int, tuple[Tag, float]], *, now_s: float) -> None:
        self._limits = limits
        self._heard_s = dict.fromkeys(limits, now_s)
        self._stale: set[int] = set()

    def heard(self, batch: ReadingBatch, *, now_s: float) -> None:
        """Note who spoke."""
        if not self._limits:
            return
        for key in batch.tag_key[batch.quality & CLASS_MASK != QualityClass.BAD].tolist():
            if key in self._heard_s:
                self._heard_s[key] = now_s
                self._stale.discard(key)

    def rows(self, *, now_s: float, now_us: int) -> list[TagValue]:
        """Return a bad row for each tag that just became too silent."""
        late = [
            key
            for key, (_, limit_s) in self._limits.items()
            if now_s - self._heard_s[key] > limit_s and key not in self._stale
        ]
        self._stale.update(late)
        return [bad_value(self._limits[key][0], BAD_STALE, now_us=now_us) for key in late]
