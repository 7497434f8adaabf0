"""Sparkplug B: births, data and deaths of one edge node and its devices, in order and without guessing.

A value that is named only by its alias is believed while no message is missing; after a hole it is uncertain
until the next birth, because the aliases may have changed in the message that was lost.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from acquisition.addresses import MqttAddress
from acquisition.block_numbering import BlockNumbering
from acquisition.drivers.mqtt.payloads import numbered_block, samples_of, waveform_numbering
from acquisition.drivers.mqtt.sparkplug_payload import Metric, Payload, make_payload, parse_payload, value_of
from acquisition.drivers.tag_values import (
    UNCERTAIN_LOST,
    UNCERTAIN_STALE,
    Delivered,
    TagValue,
    bad_value,
    decoded,
)
from acquisition.source_times import SourceClock, is_believable, patience_us
from domain.errors import DecodeError
from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DECODE,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    CLASS_MASK,
    GOOD,
    UNCERTAIN_CLOCK,
    QualityClass,
    QualityFlag,
)
from domain.plant.readings import LossCounter
from domain.plant.tags import Tag

NAMESPACE: Final = "spBv1.0"
_SEQUENCES: Final = 256
_REMEMBERED: Final = 16
_STALE, _DEVICE_BAD = 500, 0
_UNTYPED: Final = {
    "float_value": 9, "double_value": 10, "boolean_value": 11, "string_value": 12,
}  # fmt: skip
REBIRTH: Final = "Node Control/Rebirth"


@dataclass(frozen=True, slots=True)
class SparkplugTopic:
    """A topic of the namespace taken apart; ``device`` is "" for messages of the node itself."""

    group: str
    kind: str
    node: str
    device: str = ""

    @classmethod
    def of(cls, topic: str) -> "SparkplugTopic | None":
        """Return the parts, None for a topic of another namespace."""
        parts = topic.split("/")
        if parts[0] != NAMESPACE or len(parts) not in (4, 5):
            return None
        return cls(*parts[1:])

    @property
    def node_name(self) -> str:
        return f"{self.group}/{self.node}"


class _MetricTag:
    """One tag: its clock, its numbering and what it last said."""

    def __init__(self, tag: Tag, *, losses: LossCounter) -> None:
        self.tag = tag
        self.numbering: BlockNumbering | None = waveform_numbering(tag, losses)
        self.clock = SourceClock(0, patience_us=patience_us(tag.period_s))
        self.last: TagValue | None = None


class EdgeNode:
    """What is known of one edge node. Used by one thread."""

    def __init__(self, name: str, *, losses: LossCounter) -> None:
        """``name`` is "group/node"."""
        self.name = name
        self._losses = losses
        self._tags: dict[tuple[str, str], list[_MetricTag]] = {}
        self._aliases: dict[int, tuple[str, str]] = {}
        self._datatypes: dict[tuple[str, str], int] = {}
        self._born: set[str] = set()
        self._birth_number: int | None = None
        self._seq: int | None = None
        self._latest: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._is_whole = True
        self.needs_rebirth = False

    def add(self, tag: Tag, address: MqttAddress) -> None:
        """Read one more tag here; ConfigurationError for a waveform without a rate."""
        place = (device_of(address), address.metric)
        self._tags.setdefault(place, []).append(_MetricTag(tag, losses=self._losses))

    @property
    def topics(self) -> tuple[str, str]:
        """Filters of the node's own messages and of those of its devices."""
        group, node = self.name.split("/")
        return f"{NAMESPACE}/{group}/+/{node}", f"{NAMESPACE}/{group}/+/{node}/+"

    @property
    def tags(self) -> Sequence[Tag]:
        return [each.tag for listed in self._tags.values() for each in listed]

    def rebirth_command(self) -> tuple[str, bytes]:
        """Return topic and payload that ask the node to be born again."""
        group, node = self.name.split("/")
        metric = {"name": REBIRTH, "datatype": 11, "boolean_value": True}
        return f"{NAMESPACE}/{group}/NCMD/{node}", make_payload([metric])

    def take(self, topic: SparkplugTopic, body: bytes, *, receive_us: int) -> list[Delivered]:
        """Return what a message says of each tag; garbage is counted and says nothing."""
        if topic.kind not in ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"):
            return []
        try:
            payload = parse_payload(body)
        except DecodeError:
            self._losses.add("payload_garbage")
            return []
        if topic.kind == "NDEATH":
            return self._node_death(payload, receive_us)
        if topic.kind == "NBIRTH":
            return self._node_birth(payload, receive_us)
        if self._repeats(payload.seq, body):
            self._losses.add("repeated_message")
            return []
        hole = self._follow_sequence(payload.seq, receive_us)
        if topic.kind == "DDEATH":
            self._born.discard(topic.device)
            return hole + self._all_bad([topic.device], receive_us)
        if topic.kind == "DBIRTH":
            return hole + self._birth(topic.device, payload, receive_us)
        if topic.device not in self._born:
            self.needs_rebirth = True  # we came after its birth
        return hole + self._values(topic.device, payload, receive_us)

    # --- certificates ---

    def _node_birth(self, payload: Payload, receive_us: int) -> list[Delivered]:
        number = _birth_number(payload)
        is_new_session = number is None or number != self._birth_number
        was_born = bool(self._born)
        self._aliases.clear()
        self._datatypes.clear()
        self._birth_number, self._seq = number, payload.seq
        self._latest.clear()
        self._is_whole, self.needs_rebirth = True, False
        gone: list[Delivered] = []
        if was_born and is_new_session:
            gone = self._all_bad(self._devices() - {""}, receive_us)
            self._born.clear()
        return gone + self._birth("", payload, receive_us)

    def _birth(self, device: str, payload: Payload, receive_us: int) -> list[Delivered]:
        self._born.add(device)
        told: set[str] = set()
        for metric in payload.metrics:
            told.add(metric.name)
            self._datatypes[(device, metric.name)] = metric.datatype
            if metric.alias is not None:
                self._aliases[metric.alias] = (device, metric.name)
            for each in self._tags.get((device, metric.name), ()):
                each.clock.expect_held()
        missing = [
            bad_value(each.tag, BAD_NOT_CONFIGURED, now_us=receive_us)
            for (owner, name), listed in self._tags.items()
            for each in listed
            if owner == device and name not in told
        ]
        return [*missing, *self._values(device, payload, receive_us)]

    def _node_death(self, payload: Payload, receive_us: int) -> list[Delivered]:
        number = _birth_number(payload)
        if None not in (number, self._birth_number) and number != self._birth_number:
            self._losses.add("death_of_an_earlier_session")
            return []
        self._born.clear()
        self._seq = None
        return self._all_bad(self._devices(), receive_us)

    # --- data ---

    def _repeats(self, seq: int | None, body: bytes) -> bool:
        """Say whether these very bytes came just now: a number alone goes round too soon."""
        if seq is None:
            return False
        known = seq, hash(body)
        if known in self._latest:
            return True
        self._latest.append(known)
        return False

    def _follow_sequence(self, seq: int | None, receive_us: int) -> list[Delivered]:
        """Return rows that tell of a hole."""
        last, self._seq = self._seq, seq
        if seq is None or last is None:
            return []
        missing = (seq - last - 1) % _SEQUENCES
        if not missing:
            return []
        self._losses.add("messages_missing", missing)
        self._is_whole, self.needs_rebirth = False, True
        return self._doubtful(receive_us)

    def _doubtful(self, receive_us: int) -> list[Delivered]:
        """Return the last values as uncertain: one of the lost messages may have changed them."""
        return [
            TagValue(each.tag.key, each.last.value, UNCERTAIN_LOST, receive_us, receive_us, each.last.text)
            for listed in self._tags.values()
            for each in listed
            if each.last is not None and each.last.quality & CLASS_MASK != QualityClass.BAD
        ]

    def _values(self, device: str, payload: Payload, receive_us: int) -> list[Delivered]:
        found: list[Delivered] = []
        for metric in payload.metrics:
            if not metric.name and metric.alias is None:
                self._losses.add("metric_without_name")
                continue
            place = (device, metric.name) if metric.name else self._aliases.get(metric.alias or 0)
            if place is None:
                self._losses.add("unknown_alias")
                self.needs_rebirth = True
                continue
            datatype = metric.datatype or self._datatypes.get(place, 0) or _UNTYPED.get(metric.field, 0)
            is_sure = bool(metric.name and datatype) or self._is_whole
            for each in self._tags.get(place, ()):
                item = self._value(each, metric, datatype, is_sure=is_sure, receive_us=receive_us)
                if item is not None:
                    found.append(item)
        return found

    def _value(
        self, each: _MetricTag, metric: Metric, datatype: int, *, is_sure: bool, receive_us: int
    ) -> Delivered | None:
        raw, quality = _raw_and_quality(metric, datatype)
        if each.numbering is not None and quality == GOOD:
            samples = samples_of(raw, each.tag)
            if samples is None:
                return bad_value(each.tag, BAD_DECODE, now_us=receive_us)
            return numbered_block(each.tag, samples, metric.time_us, each.numbering, receive_us=receive_us)
        value, text = math.nan, ""
        if quality & CLASS_MASK != QualityClass.BAD:
            value, text, fit = decoded(each.tag, raw)
            quality = fit if fit != GOOD else quality
        if metric.is_historical:
            return self._past(each.tag, value, text, quality, metric, receive_us)
        stored_us, is_suspect = each.clock.judge(metric.time_us, receive_us=receive_us)
        if is_suspect:
            self._losses.add("clock_suspect")
        if quality == GOOD and not is_sure:
            quality = UNCERTAIN_LOST
        elif quality == GOOD and is_suspect:
            quality = UNCERTAIN_CLOCK
        each.last = TagValue(each.tag.key, value, quality, stored_us, receive_us, text)
        return each.last

    def _past(
        self, tag: Tag, value: float, text: str, quality: int, metric: Metric, receive_us: int
    ) -> TagValue | None:
        if metric.time_us is None or not is_believable(metric.time_us, receive_us=receive_us):
            self._losses.add("past_without_time")
            return None
        marked = quality | QualityFlag.BACK_FILLED
        return TagValue(tag.key, value, marked, metric.time_us, receive_us, text, is_past=True)

    def _devices(self) -> set[str]:
        return {device for device, _ in self._tags}

    def _all_bad(self, devices: Iterable[str], receive_us: int) -> list[Delivered]:
        gone = set(devices)
        rows: list[Delivered] = []
        for (device, _), listed in self._tags.items():
            for each in listed:
                if device in gone:
                    each.last = bad_value(each.tag, BAD_COMMUNICATION_LOST, now_us=receive_us)
                    rows.append(each.last)
        return rows


def device_of(address: MqttAddress) -> str:
    """Return the device in an address "group/node/device", "" for a metric of the node itself."""
    parts = address.topic.split("/")
    return parts[2] if len(parts) == 3 else ""


def node_of(address: MqttAddress) -> str:
    """Return "group/node" of an address."""
    return "/".join(address.topic.split("/")[:2])


def _birth_number(payload: Payload) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq" and isinstance(metric.raw, int):
            return metric.raw
    return None


def _raw_and_quality(metric: Metric, datatype: int) -> tuple[object, int]:
    if metric.is_null or metric.device_quality == _DEVICE_BAD:
        return None, BAD_DEVICE
    try:
        raw = value_of(metric, datatype)
    except DecodeError:
        return None, BAD_DECODE
    return raw, UNCERTAIN_STALE if metric.device_quality == _STALE else GOOD
