"""What status codes, time stamps and arrays of OPC UA become, without a server."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.drivers.opcua_arrays import ArrayItem
from acquisition.drivers.opcua_inbox import Inbox
from acquisition.drivers.opcua_values import (
    RowCollector,
    ScalarItem,
    quality_of_status,
)
from acquisition.source_times import SourceClock
from domain.instants import from_microseconds, to_microseconds
from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DECODE,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    GOOD,
    UNCERTAIN_CLOCK,
    Quality,
)
from domain.plant.readings import LossCounter, SampleBlock
from domain.plant.tags import CaptureSchedule, ConnectionKind, Scaling
from tests.protocol.stage import connection, tag

NOW_US = 1_800_000_000_000_000
OWNER = connection(ConnectionKind.OPCUA)
STREAMING = CaptureSchedule(interval_s=0.1, length=100, is_streaming=True)


@dataclass
class Holder:
    """Stands for a variant or a status code."""

    Value: object = None
    value: int = 0


@dataclass
class Data:
    Value: Holder | None
    StatusCode: Holder | None
    SourceTimestamp: datetime | None


@dataclass
class Row:
    ClientHandle: int
    Value: Data


def data(value: object, *, status: int = 0, source_us: int | None = NOW_US) -> Data:
    moment = None if source_us is None else from_microseconds(source_us)
    return Data(Holder(Value=value), Holder(value=status), moment)


def array_item(losses: LossCounter, **changes: object) -> ArrayItem:
    content: dict[str, object] = {"capture": STREAMING, "sampling_rate_hz": 1000.0} | changes
    return ArrayItem(tag(1, OWNER, {}, **content), losses=losses)


def placed(item: ArrayItem, start_us: int | None) -> SampleBlock:
    receive_us = NOW_US + 1_000_000 if start_us is None else start_us + 150_000
    block = item.block(data([0.5] * 100, source_us=start_us), receive_us=receive_us)
    assert isinstance(block, SampleBlock)
    return block


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x00000000, GOOD),
        (0x80340000, BAD_NOT_CONFIGURED),
        (0x80310000, BAD_COMMUNICATION_LOST),
        (0x80000000, BAD_DEVICE),
    ],
)
def test_status_codes_become_qualities(status: int, quality: int) -> None:
    assert quality_of_status(status) == quality


def test_scalars_are_scaled_and_what_is_no_number_is_bad() -> None:
    item = ScalarItem(tag(1, OWNER, {}, scaling=Scaling(2.0, 1.0)), subscribed_us=NOW_US)
    rows = RowCollector(LossCounter())
    for value in (3, True, None, "text", [1.0], float("nan"), b"x"):
        rows.add(item, data(value), receive_us=NOW_US)
    batch = rows.batch()
    assert batch is not None
    assert batch.quality.tolist() == [GOOD, GOOD] + [BAD_DECODE] * 5
    assert batch.value[:2].tolist() == [7.0, 3.0]


def test_a_servers_dropped_values_are_counted() -> None:
    losses = LossCounter()
    rows = RowCollector(losses)
    rows.add(ScalarItem(tag(1, OWNER, {}), subscribed_us=0), data(1.0, status=0x480), receive_us=NOW_US)
    assert losses.by_cause == {"server_queue_overflow": 1}


def test_source_times_never_run_backwards_or_collide() -> None:
    """F32: 1601, ahead, backwards, equal."""
    clock = SourceClock(NOW_US)
    hour_us = 3_600_000_000
    old = NOW_US - 5 * hour_us
    assert clock.judge(old, receive_us=NOW_US + 10) == (NOW_US, False), "an old first value is of now"
    same = NOW_US + 100
    assert clock.judge(same, receive_us=NOW_US + 200) == (NOW_US + 100, False)
    assert clock.judge(same, receive_us=NOW_US + 200) == (NOW_US + 101, False)
    later_us = NOW_US + 9_000_000
    for wrong in (to_microseconds(datetime(1601, 1, 1, tzinfo=UTC)), later_us + 2 * hour_us, old):
        stored_us, is_suspect = clock.judge(wrong, receive_us=later_us)
        assert is_suspect
        assert later_us <= stored_us < later_us + 10


def test_blocks_within_half_a_block_continue_and_later_ones_leave_a_hole() -> None:
    losses = LossCounter()
    item = array_item(losses)
    first = placed(item, NOW_US)
    assert first.first_index == NOW_US // 1000
    jittered = placed(item, NOW_US + 100_000 + 40_000)
    assert jittered.first_index == first.first_index + 100
    after_hole = placed(item, NOW_US + 540_000)
    assert after_hole.first_index == jittered.first_index + 100 + 300
    assert losses.by_cause == {"samples_missing": 300}


def test_a_repeated_block_is_left_out_and_a_clock_that_jumps_back_is_suspect() -> None:
    losses = LossCounter()
    item = array_item(losses)
    first = placed(item, NOW_US)
    assert item.block(data([0.5] * 100), receive_us=NOW_US + 200_000) is None
    assert losses.by_cause == {"repeated_block": 1}
    jumped = item.block(data([0.5] * 100, source_us=NOW_US - 10**10), receive_us=NOW_US + 200_000)
    assert isinstance(jumped, SampleBlock)
    assert (jumped.quality, jumped.first_index) == (UNCERTAIN_CLOCK, first.first_index + 100)


@pytest.mark.parametrize("value", [None, 1.0, [], ["a"], [1.0, float("inf")], [[1.0], [2.0]], [None]])
def test_what_is_no_array_of_numbers_is_a_bad_row(value: object) -> None:
    made = array_item(LossCounter()).block(data(value), receive_us=NOW_US)
    assert made == BAD_DECODE


def test_arrays_are_float32_in_the_engineering_unit() -> None:
    item = array_item(LossCounter(), scaling=Scaling(0.5, 1.0))
    block = item.block(data([1, 2, 3]), receive_us=NOW_US)
    assert isinstance(block, SampleBlock)
    assert block.samples.dtype == np.float32
    assert block.samples.tolist() == [1.5, 2.0, 2.5]
    assert Quality.from_code(block.quality).is_good


@given(st.lists(st.lists(st.integers(10, 20), min_size=1, max_size=9), min_size=1, max_size=40))
async def test_the_inbox_counts_what_it_drops_and_keeps_each_items_last(lists: list[list[int]]) -> None:
    """F28 as a property: delivered + dropped = put, and the newest value of every item is delivered."""
    losses = LossCounter()
    inbox = Inbox(capacity=25, array_handles=frozenset(), losses=losses)
    newest: dict[int, int] = {}
    number = 0
    for handles in lists:
        items = []
        for handle in handles:
            number += 1
            newest[handle] = number
            items.append(Row(handle, data(number)))
        inbox.put(NOW_US + number, items)
    taken = await inbox.take(within_s=0.01)
    delivered = [(item.ClientHandle, item.Value.Value) for _, items in taken for item in items]
    assert len(delivered) + losses.total == number
    last = {handle: holder.Value for handle, holder in delivered if holder is not None}
    assert last == newest
