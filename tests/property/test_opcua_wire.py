"""Both decoders of OPC UA notifications say the same of the same bytes; the library's is the golden one."""

import math
import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary, to_binary
from hypothesis import given
from hypothesis import strategies as st

from acquisition.drivers.opcua.changes import Changes, changes_of
from acquisition.drivers.opcua.wire import decode_changes, decode_publish

T = ua.VariantType
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RANGES = {
    T.SByte: (-(2**7), 2**7 - 1),
    T.Byte: (0, 2**8 - 1),
    T.Int16: (-(2**15), 2**15 - 1),
    T.UInt16: (0, 2**16 - 1),
    T.Int32: (-(2**31), 2**31 - 1),
    T.UInt32: (0, 2**32 - 1),
    T.Int64: (-(2**63), 2**63 - 1),
    T.UInt64: (0, 2**64 - 1),
}
NUMBERS = st.one_of(
    st.booleans().map(lambda value: ua.Variant(value, T.Boolean)),
    *(
        st.integers(low, high).map(lambda value, kind=kind: ua.Variant(value, kind))
        for kind, (low, high) in RANGES.items()
    ),
    st.floats(width=32).map(lambda value: ua.Variant(value, T.Float)),
    st.floats().map(lambda value: ua.Variant(value, T.Double)),
)
ARRAYS = st.one_of(
    st.lists(st.floats(width=32), max_size=5).map(lambda v: ua.Variant(v, T.Float, is_array=True)),
    st.lists(st.floats(), max_size=5).map(lambda v: ua.Variant(v, T.Double, is_array=True)),
    st.lists(st.integers(-(2**15), 2**15 - 1), max_size=5).map(
        lambda v: ua.Variant(v, T.Int16, is_array=True)
    ),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(
        lambda v: ua.Variant(v, T.Int64, is_array=True)
    ),
    st.lists(st.booleans(), max_size=5).map(lambda v: ua.Variant(v, T.Boolean, is_array=True)),
)
OTHERS = st.one_of(
    st.none().map(lambda _: ua.Variant(None, T.Null)),
    st.text(max_size=8).map(lambda value: ua.Variant(value, T.String)),
    st.just(ua.Variant(None, T.String)),
    st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31)).map(
        lambda value: ua.Variant(value.replace(tzinfo=UTC), T.DateTime)
    ),
    st.just(ua.Variant(ua.StatusCode(0x80340000), T.StatusCode)),
)
TIMES = st.one_of(
    st.none(),
    st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31)).map(lambda value: value.replace(tzinfo=UTC)),
)


@st.composite
def data_values(draw: Any, variants: st.SearchStrategy[Any]) -> Any:
    value = ua.DataValue(
        draw(st.one_of(variants, st.none())),
        draw(st.one_of(st.none(), st.integers(0, 2**32 - 1).map(ua.StatusCode))),
        draw(TIMES),
        draw(TIMES),
    )
    if draw(st.booleans()):
        return ua.DataValue(value.Value, value.StatusCode, value.SourceTimestamp, None, 7, None)
    return value


def notification(values: list[Any]) -> bytes:
    items = [ua.MonitoredItemNotification(handle, value) for handle, value in enumerate(values)]
    return bytes(struct_to_binary(ua.DataChangeNotification(items)))


def golden(body: bytes) -> Changes:
    told = struct_from_binary(ua.DataChangeNotification, Buffer(body))
    return changes_of((item.ClientHandle, item.Value) for item in told.MonitoredItems)


def assert_equal(ours: Changes, theirs: Changes) -> None:
    for name in ("handle", "value", "status", "source_us"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    assert ours.content.keys() == theirs.content.keys()
    for row, content in theirs.content.items():
        assert type(ours.content[row]) is type(content)
        np.testing.assert_array_equal(ours.content[row], content)


@given(st.lists(data_values(st.one_of(NUMBERS, ARRAYS, OTHERS)), max_size=30))
def test_mixed_notifications_are_read_as_the_library_reads_them(values: list[Any]) -> None:
    body = notification(values)
    ours = decode_changes(body)
    assert ours is not None, "all of these are our own business"
    assert_equal(ours, golden(body))


@given(st.binary(max_size=8))
def test_texts_that_are_no_utf_8_are_clean_whoever_reads_them(words: bytes) -> None:
    place = b"x" * len(words)
    body = notification([ua.DataValue(ua.Variant(place.decode(), T.String))])
    body = body[: body.index(place)] + words + body[body.index(place) + len(place) :]
    ours = decode_changes(body)
    assert ours is not None
    assert_equal(ours, golden(body))
    text = ours.content[0]
    assert isinstance(text, str)
    assert "\0" not in text.encode("utf-8").decode("utf-8")


@given(data_values(NUMBERS), st.integers(1, 60), st.integers(0, 59))
def test_runs_of_one_shape_with_a_stranger_among_them(value: Any, count: int, place: int) -> None:
    values = [value] * count
    values.insert(min(place, count), ua.DataValue(ua.Variant(MOMENT, T.DateTime), None, MOMENT))
    body = notification(values)
    ours = decode_changes(body)
    assert ours is not None
    assert_equal(ours, golden(body))


@pytest.mark.parametrize(
    "variant",
    [
        ua.Variant(UUID(int=5), T.Guid),
        ua.Variant(b"raw", T.ByteString),
        ua.Variant(ua.LocalizedText("Pumpe", "de"), T.LocalizedText),
        ua.Variant([[1.0, 2.0], [3.0, 4.0]], T.Double, [2, 2]),
        ua.Variant(["a", "b"], T.String, is_array=True),
        ua.Variant(ua.NodeId(5), T.NodeId),
    ],
)
def test_the_unusual_is_left_to_the_library(variant: Any) -> None:
    body = notification([ua.DataValue(1.0), ua.DataValue(variant)])
    assert decode_changes(body) is None
    assert len(golden(body)) == 2


@given(st.data())
def test_a_damaged_notification_is_read_as_the_library_reads_it_or_left_to_it(data: Any) -> None:
    body = bytearray(
        notification([ua.DataValue(ua.Variant(float(n), T.Double), source_of(n)) for n in range(40)])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = bytes(body[: data.draw(st.integers(0, len(body)))])
    ours = decode_changes(damaged)
    if ours is not None:
        assert_equal(ours, golden(damaged))


def test_a_list_longer_than_asked_for_is_taken_whole() -> None:
    """A server may ignore how many notifications it was asked to put into one answer."""
    body = notification([ua.DataValue(ua.Variant(0.5, T.Double), None, MOMENT)] * 12_345)
    ours = decode_changes(body)
    assert ours is not None
    assert ours.handle.tolist() == list(range(12_345))


def source_of(number: int) -> Any:
    return ua.StatusCode(0) if number % 2 else ua.StatusCode(0x40000000)


def response(parts: list[Any], **changes: Any) -> bytes:
    message = ua.NotificationMessage(SequenceNumber=7, PublishTime=MOMENT, NotificationData=parts)
    result = ua.PublishResult(
        SubscriptionId=3, AvailableSequenceNumbers=[5, 6, 7], MoreNotifications=False,
        NotificationMessage=message, Results=[ua.StatusCode(0)],
    )  # fmt: skip
    answer = ua.PublishResponse(Parameters=result)
    for name, value in changes.items():
        setattr(answer.ResponseHeader, name, value)
    return bytes(struct_to_binary(answer))


def one_change() -> Any:
    return ua.DataChangeNotification([ua.MonitoredItemNotification(4, ua.DataValue(2.5, None, MOMENT))])


def test_a_publish_response_is_read_whole() -> None:
    told = decode_publish(response([one_change(), one_change()]))
    assert told is not None
    assert (told.subscription_id, told.sequence) == (3, 7)
    assert [part.value.tolist() for part in told.parts] == [[2.5], [2.5]]
    keep_alive = decode_publish(response([]))
    assert keep_alive is not None
    assert keep_alive.parts == ()


@pytest.mark.parametrize(
    "body",
    [
        response([ua.StatusChangeNotification()]),
        response([one_change()], ServiceResult=ua.StatusCode(0x80000000)),
        response([one_change()])[:-1],
        response([one_change()]) + b"\0",
        b"",
        to_binary(ua.NodeId, ua.FourByteNodeId(397)) + bytes(30),
    ],
    ids=["status change", "bad result", "cut short", "too long", "empty", "another type"],
)
def test_other_responses_are_left_to_the_library(body: bytes) -> None:
    assert decode_publish(body) is None


def test_times_beyond_the_calendar_are_held_at_its_ends() -> None:
    ends = [0, -5, 2**63 - 1, 2_650_467_743_990_000_000, 116_444_736_000_000_015]
    items = b"".join(struct.pack("<IBBdq", 9, 0x05, 11, 1.0, ticks) for ticks in ends)
    body = struct.pack("<i", len(ends)) + items + struct.pack("<i", -1)
    ours = decode_changes(body)
    assert ours is not None
    assert_equal(ours, golden(body))
    assert ours.source_us[-1] == 1, "cut, not rounded"


def test_a_double_too_large_for_float32_is_infinite_in_both() -> None:
    body = notification([ua.DataValue(ua.Variant([1e300, 1.0], T.Double, is_array=True))])
    ours = decode_changes(body)
    assert ours is not None
    assert_equal(ours, golden(body))
    first = ours.content[0]
    assert isinstance(first, np.ndarray)
    assert math.isinf(first[0])
