"""What an MQTT broker was heard to offer: topics level by level, members of JSON, metrics of Sparkplug."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from acquisition.addresses import MqttAddress, MqttFormat
from acquisition.drivers.mqtt.payloads import Message
from acquisition.drivers.mqtt.sparkplug import NAMESPACE, SparkplugTopic
from acquisition.drivers.mqtt.sparkplug_payload import DATATYPES, Metric, parse_payload, value_of
from acquisition.json_path import Steps, path_text
from domain.errors import DecodeError, UnitError
from domain.plant.discovery import FoundItem
from domain.texts import clean_text
from domain.units import all_units, unit

MOST_TOPICS: Final = 20_000
_BIRTHS: Final = ("NBIRTH", "DBIRTH")
_DATA: Final = ("NDATA", "DDATA")
_MOST_MEMBERS: Final = 500
_LONGEST_VALUE: Final = 80


class MqttCatalog:
    """Remembers the newest message of each topic and the metrics of Sparkplug, within a bound.

    A place is a topic or the beginning of one; that of a Sparkplug node or device leaves the kind of message
    out: "spBv1.0/group/node/device".
    """

    def __init__(self) -> None:
        self._plain: dict[str, bytes] = {}
        self._metrics: dict[str, dict[str, Metric]] = {}

    def take(self, message: Message) -> None:
        """Note one message."""
        sparkplug = SparkplugTopic.of(message.topic)
        if sparkplug is not None:
            self._take_metrics(sparkplug, message.payload)
        elif message.topic in self._plain or len(self._plain) < MOST_TOPICS:
            self._plain[message.topic] = message.payload[:100_000]

    def items(self, place: str) -> Sequence[FoundItem]:
        """Return what lies directly below a place."""
        if place in self._metrics:
            return [
                *self._below(place),
                *(_metric_item(place, each) for each in self._metrics[place].values()),
            ]
        if place in self._plain:
            return [*self._below(place), *_members(place, self._plain[place])]
        return list(self._below(place))

    def _take_metrics(self, topic: SparkplugTopic, payload: bytes) -> None:
        """Note what a birth says; data tell that a node is there, and more where they name their metrics."""
        is_birth = topic.kind in _BIRTHS
        if not (is_birth or topic.kind in _DATA) or len(self._metrics) >= MOST_TOPICS:
            return
        place = "/".join(part for part in (NAMESPACE, topic.group, topic.node, topic.device) if part)
        try:
            told = {metric.name: metric for metric in parse_payload(payload).metrics if metric.name}
        except DecodeError:
            return
        self._metrics[place] = told if is_birth else told | self._metrics.get(place, {})

    def _below(self, place: str) -> Iterator[FoundItem]:
        start = f"{place}/" if place else ""
        names: dict[str, bool] = {}
        for topic in [*self._plain, *self._metrics]:
            if topic.startswith(start):
                name, slash, _ = topic[len(start) :].partition("/")
                names[name] = names.get(name, False) or bool(slash)
        for name, has_more in sorted(names.items()):
            yield self._item(f"{start}{name}", name, has_more=has_more)

    def _item(self, place: str, name: str, *, has_more: bool) -> FoundItem:
        if place in self._metrics:
            return FoundItem(place, name, has_children=True)
        payload = self._plain.get(place)
        if payload is None:
            return FoundItem(place, name, has_children=True)
        text = payload.decode("utf-8", "replace")[:_LONGEST_VALUE]
        if isinstance(_json(payload), (dict, list)):
            return FoundItem(place, name, has_children=True, dtype="json", value=text)
        kind = MqttFormat.NUMBER if _is_number(text) else MqttFormat.TEXT
        address = MqttAddress(place, kind).to_plain()
        return FoundItem(place, name, has_children=has_more, address=address, dtype=kind.value, value=text)


def _members(topic: str, payload: bytes) -> Iterator[FoundItem]:
    for number, (steps, value) in enumerate(_leaves(_json(payload), ())):
        if number >= _MOST_MEMBERS:
            return
        path = path_text(steps)
        if path != clean_text(path):
            continue  # no set-up can keep such a name
        yield FoundItem(
            f"{topic}{path}",
            path.removeprefix("$").removeprefix("."),
            has_children=False,
            address=MqttAddress(topic, MqttFormat.JSON, path=path).to_plain(),
            dtype=_member_type(value),
            value=clean_text(value if isinstance(value, str) else json.dumps(value))[:_LONGEST_VALUE],
            is_array=isinstance(value, list),
        )


def _leaves(content: object, steps: Steps) -> Iterator[tuple[Steps, object]]:
    """Yield the values of a document; a list of numbers is one value, a waveform perhaps."""
    if isinstance(content, dict):
        for name, each in content.items():
            yield from _leaves(each, (*steps, name))
    elif isinstance(content, list) and not all(isinstance(each, (int, float)) for each in content):
        for number, each in enumerate(content):
            yield from _leaves(each, (*steps, number))
    elif content is not None:
        yield steps, content


def _member_type(value: object) -> str:
    """Return the type of a member; JSON knows no whole numbers: 7 now may be 7.5 the next time."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return MqttFormat.NUMBER.value if is_number else type(value).__name__


def _json(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _metric_item(place: str, metric: Metric) -> FoundItem:
    topic = place.removeprefix(f"{NAMESPACE}/")
    try:
        value = value_of(metric, metric.datatype)
    except DecodeError:
        value = ""
    is_array = isinstance(value, np.ndarray)
    return FoundItem(
        f"{place}#{metric.name}",
        metric.name,
        has_children=False,
        address=MqttAddress(topic, MqttFormat.SPARKPLUG, metric=metric.name).to_plain(),
        dtype=DATATYPES.get(metric.datatype, str(metric.datatype)),
        unit=_unit_code(metric.unit),
        value="" if is_array else str(value)[:_LONGEST_VALUE],
        is_array=is_array,
    )


def _unit_code(told: str) -> str:
    """Return our code of a unit that a device names by code or symbol, "" when we do not know it."""
    try:
        return unit(told).code
    except UnitError:
        return next((each.code for each in all_units() if told and each.symbol == told), "")
