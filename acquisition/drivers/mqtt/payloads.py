"""Payloads of plain MQTT topics: numbers, texts, JSON, raw samples. Imports nothing of the library."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from acquisition.addresses import MqttAddress, MqttFormat, TimeForm
from acquisition.block_numbering import BlockNumbering
from acquisition.drivers.tag_values import UNCERTAIN_STALE, Delivered, TagValue, bad_value, decoded
from acquisition.json_path import follow, path_steps
from acquisition.source_times import NO_TIME, Lateness, Pace, SourceClock, patience_us
from domain.errors import ConfigurationError
from domain.instants import MICROSECONDS_PER_SECOND, to_microseconds
from domain.plant.quality import BAD_DECODE, BAD_NOT_CONFIGURED, GOOD, UNCERTAIN_CLOCK, QualityFlag
from domain.plant.readings import LossCounter, SampleBlock
from domain.plant.tags import Tag

_PER_SECOND: Final = {TimeForm.SECONDS: 1.0, TimeForm.MILLISECONDS: 1e3, TimeForm.MICROSECONDS: 1e6}
_SAMPLES: Final = {MqttFormat.FLOAT32: "<f4", MqttFormat.INT16: "<i2"}


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker delivered. ``is_retained``: the last word on the topic, not sent just now.

    ``packet_id`` is what an acknowledgement names, 0 where none is due.
    """

    topic: str
    payload: bytes
    is_retained: bool = False
    is_repeated: bool = False
    packet_id: int = 0


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A session that was taken up at ``at_us``; ``taken_us`` is up to where each tag had come before."""

    at_us: int
    taken_us: Mapping[int, int]


class TopicReader:
    """The tags of one topic. Its payload is parsed once for all of them.

    ``taken_up`` is given when the broker may have kept messages.
    """

    def __init__(
        self, topic: str, *, most_bytes: int, losses: LossCounter, taken_up: TakenUp | None = None
    ) -> None:
        self.topic = topic
        self._most_bytes = most_bytes
        self._losses = losses
        self._taken_up = taken_up
        self._tags: list[_TopicTag] = []
        self._last_payload = b""

    def add(self, tag: Tag, address: MqttAddress) -> None:
        """Read one more tag here; ConfigurationError for a waveform without a rate."""
        self._tags.append(_TopicTag(tag, address, losses=self._losses, taken_up=self._taken_up))

    @property
    def tags(self) -> Sequence[Tag]:
        return [each.tag for each in self._tags]

    def read(self, message: Message, *, receive_us: int) -> list[Delivered]:
        """Return what the message says of each tag; nothing for a message that was delivered before."""
        if message.is_repeated and message.payload == self._last_payload:
            self._losses.add("repeated_message")
            return []
        self._last_payload = message.payload
        if len(message.payload) > self._most_bytes:
            self._losses.add("payload_too_large")
            return self.bad(BAD_DECODE, now_us=receive_us)
        contents = {format: self._content(format, message.payload) for format in self._formats()}
        taken = [
            each.take(contents[each.address.format], is_retained=message.is_retained, receive_us=receive_us)
            for each in self._tags
        ]
        return [item for item in taken if item is not None]

    def bad(self, quality: int, *, now_us: int) -> list[Delivered]:
        """Return a bad row for each tag."""
        return [bad_value(each.tag, quality, now_us=now_us) for each in self._tags]

    def _formats(self) -> set[MqttFormat]:
        return {each.address.format for each in self._tags}

    def _content(self, format: MqttFormat, payload: bytes) -> object:
        """Return what the payload holds, ``_Garbage`` when it is not of this format."""
        try:
            if format in _SAMPLES:
                return np.frombuffer(payload, dtype=_SAMPLES[format])
            text = payload.decode("utf-8")
            if format is MqttFormat.JSON:
                return json.loads(text)
            return text if format is MqttFormat.TEXT else float(text)
        except (ValueError, RecursionError):
            self._losses.add("payload_garbage")
            return _GARBAGE


class _Garbage:
    """Stands for a payload that could not be read."""


_GARBAGE: Final = _Garbage()


class _TopicTag:
    """One tag of a topic: its place in the payload, its clock, its numbering."""

    def __init__(
        self, tag: Tag, address: MqttAddress, *, losses: LossCounter, taken_up: TakenUp | None
    ) -> None:
        self.tag = tag
        self.address = address
        self._steps = path_steps(address.path)
        self._time_steps = path_steps(address.time_path) if address.time_path else None
        self._losses = losses
        self._clock = SourceClock(0, patience_us=patience_us(tag.period_s))
        self._lateness = None if taken_up is None else Lateness(taken_up.at_us)
        self._pace = Pace()
        self._taken_us = NO_TIME if taken_up is None else taken_up.taken_us.get(tag.key, NO_TIME)
        self._last: tuple[int, float, str] | None = None
        self._numbering: BlockNumbering | None = None
        if tag.is_waveform:
            self._numbering = _numbering(tag, losses)
        elif address.format in _SAMPLES:
            raise ConfigurationError(
                f"tag '{tag.name}': samples in {address.format.value} make a waveform",
                key="samples_need_waveform",
                tag=tag.name,
            )

    def take(self, content: object, *, is_retained: bool, receive_us: int) -> Delivered | None:
        if isinstance(content, _Garbage):
            return bad_value(self.tag, BAD_DECODE, now_us=receive_us)
        try:
            raw = follow(content, self._steps)
        except LookupError:
            return bad_value(self.tag, BAD_NOT_CONFIGURED, now_us=receive_us)
        source_us, has_time = self._source_us(content)
        if self._numbering is not None:
            return self._block(
                raw, source_us, self._numbering, is_retained=is_retained, receive_us=receive_us
            )
        value, text, quality = decoded(self.tag, raw)
        if is_retained:
            quality = UNCERTAIN_STALE if quality == GOOD else quality
            return TagValue(self.tag.key, value, quality, receive_us, receive_us, text)
        if source_us is not None and (source_us, value, text) == self._last:
            self._losses.add("repeated_value")
            return None
        self._last = None if source_us is None else (source_us, value, text)
        is_past = source_us is not None and self._is_late(source_us, receive_us=receive_us)
        if is_past:
            self._clock.expect_held()
        stored_us, is_suspect = self._clock.judge(source_us, receive_us=receive_us)
        if is_past and stored_us <= self._taken_us:
            self._losses.add("repeated_value")
            return None
        if (is_suspect or not has_time) and quality == GOOD:
            self._losses.add("clock_suspect")
            quality = UNCERTAIN_CLOCK
        if is_past:
            quality |= QualityFlag.BACK_FILLED
        return TagValue(self.tag.key, value, quality, stored_us, receive_us, text, is_past=is_past)

    def _is_late(self, source_us: int, *, receive_us: int) -> bool:
        """Say whether the broker kept a value, or the device while its own link was away."""
        if not self._clock.goes_on(source_us, receive_us=receive_us):
            return False
        if self._lateness is not None:
            return self._lateness.is_late(source_us, receive_us=receive_us)
        is_fast = self._pace.is_fast(source_us, receive_us=receive_us)
        return is_fast and self._clock.is_behind(source_us, receive_us=receive_us)

    def _source_us(self, content: object) -> tuple[int | None, bool]:
        """Return the time in the payload and whether it holds the one it should."""
        if self._time_steps is None:
            return None, True
        try:
            return instant_us(follow(content, self._time_steps), self.address.time_form), True
        except (LookupError, ValueError, OverflowError):
            return None, False

    def _block(
        self,
        raw: object,
        source_us: int | None,
        numbering: BlockNumbering,
        *,
        is_retained: bool,
        receive_us: int,
    ) -> Delivered | None:
        samples = samples_of(raw, self.tag)
        if samples is None:
            self._losses.add("payload_garbage")
            return bad_value(self.tag, BAD_DECODE, now_us=receive_us)
        if is_retained:
            return None  # an old record is no live signal
        return numbered_block(self.tag, samples, source_us, numbering, receive_us=receive_us)


def numbered_block(
    tag: Tag,
    samples: NDArray[np.float32],
    source_us: int | None,
    numbering: BlockNumbering,
    *,
    receive_us: int,
) -> SampleBlock | None:
    """Return samples as a block, None for one that repeats what is known.

    Without a time of its own the block ended when it arrived; that is exact to the delay of the network and
    no reason for doubt. A time that cannot be true is.
    """
    start_us, is_suspect = numbering.start(source_us, len(samples), receive_us=receive_us)
    first_index = numbering.place(start_us, len(samples))
    if first_index is None:
        return None
    return SampleBlock(
        tag_key=tag.key,
        samples=samples,
        sampling_rate_hz=float(tag.sampling_rate_hz or 0.0),
        start_us=start_us,
        receive_us=receive_us,
        first_index=first_index,
        quality=UNCERTAIN_CLOCK if is_suspect and source_us is not None else GOOD,
        revision=tag.revision,
    )


def _numbering(tag: Tag, losses: LossCounter) -> BlockNumbering:
    if not tag.sampling_rate_hz:
        raise ConfigurationError(
            f"tag '{tag.name}': a waveform needs a sampling rate", key="sampling_rate_missing", tag=tag.name
        )
    is_streaming = tag.capture is None or tag.capture.is_streaming
    return BlockNumbering(tag.sampling_rate_hz, is_streaming=is_streaming, losses=losses)


def waveform_numbering(tag: Tag, losses: LossCounter) -> BlockNumbering | None:
    """Return a numbering for a waveform tag, None for others; ConfigurationError without a rate."""
    return _numbering(tag, losses) if tag.is_waveform else None


def samples_of(raw: object, tag: Tag) -> NDArray[np.float32] | None:
    """Return numbers as samples in the tag's unit, (n,) float32 and finite; None for anything else."""
    if not isinstance(raw, (list, np.ndarray)) or not len(raw):
        return None
    if isinstance(raw, list) and not all(isinstance(each, (int, float)) for each in raw):
        return None
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            array: NDArray[Any] = np.asarray(raw, dtype=np.float64)
            samples = (array * tag.scaling.factor + tag.scaling.offset).astype(np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    return samples if samples.ndim == 1 and np.isfinite(samples).all() else None


def instant_us(stamp: object, form: TimeForm) -> int:
    """Return microseconds UTC of a time stamp; ValueError when it is none of this form."""
    if form is TimeForm.ISO:
        if not isinstance(stamp, str):
            raise ValueError("no text")
        moment = datetime.fromisoformat(stamp)
        return to_microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if isinstance(stamp, str):
        stamp = float(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)) or not math.isfinite(stamp):
        raise ValueError("no number")
    microseconds = round(stamp * (MICROSECONDS_PER_SECOND / _PER_SECOND[form]))
    if not abs(microseconds) < 2**62:
        raise ValueError("out of range")
    return microseconds
