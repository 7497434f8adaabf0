"""Which tag listens to which topic of a session."""

import logging
from collections.abc import Iterable

from acquisition.addresses import MqttAddress, MqttFormat
from acquisition.drivers.mqtt.payloads import Message, TakenUp, TopicReader
from acquisition.drivers.mqtt.settings import MqttSettings
from acquisition.drivers.mqtt.silence import silent_after_s
from acquisition.drivers.mqtt.sparkplug import EdgeNode, SparkplugTopic, node_of
from acquisition.drivers.tag_values import Delivered
from domain.errors import ConfigurationError
from domain.plant.readings import LossCounter
from domain.plant.tags import Tag

_log = logging.getLogger(__name__)


class Routes:
    """Which reader takes a message of one session; ``taken_up`` is given when the broker kept it."""

    def __init__(
        self,
        tags: Iterable[Tag],
        settings: MqttSettings,
        *,
        losses: LossCounter,
        taken_up: TakenUp | None = None,
    ) -> None:
        self._settings = settings
        self._losses = losses
        self._taken_up = taken_up
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
                reader = TopicReader(
                    address.topic,
                    most_bytes=self._settings.most_payload_bytes,
                    losses=self._losses,
                    taken_up=self._taken_up,
                )
            reader.add(tag, address)
            self.readers[address.topic] = reader
        limit_s = silent_after_s(tag, address, usual_s=self._settings.silent_after_s)
        if limit_s:
            self.silent_after_s[tag.key] = (tag, limit_s)

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
