"""What status codes, time stamps and arrays of OPC UA become, without a server."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.drivers.opcua.arrays import ArrayItem
from acquisition.drivers.opcua.changes import Changes, changes_of, joined
from acquisition.drivers.opcua.inbox import Inbox
from acquisition.drivers.opcua.rows import ScalarTable
from acquisition.drivers.opcua.status_codes import quality_of_status
from acquisition.drivers.tag_values import decoded
from acquisition.source_times import FOR_EVER_US, NO_TIME, SourceClock, SourceClocks, patience_us
from domain.instants import from_microseconds
from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DECODE,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    GOOD,
    UNCERTAIN_CLOCK,
    Quality,
    QualityCause,
    QualityClass,
    quality_code,
)
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import CaptureSchedule, ConnectionKind, Scaling, Tag, TagDtype
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


def data(value: object, *, status: int = 0, source_us: int | None = NOW_US) -> Data:
    moment = None if source_us is None else from_microseconds(source_us)
    return Data(Holder(Value=value), Holder(value=status), moment)


def batch_of(
    target: Tag, *values: object, losses: LossCounter | None = None, status: int = 0
) -> ReadingBatch:
    table = ScalarTable({1: target}, subscribed_us=0, losses=losses or LossCounter())
    changes = changes_of((1, data(value, status=status)) for value in values)
    batch = table.batch(changes, receive_us=np.full(len(values), NOW_US))
    assert batch is not None
    return batch


def array_item(losses: LossCounter, **changes: object) -> ArrayItem:
    content: dict[str, object] = {"capture": STREAMING, "sampling_rate_hz": 1000.0} | changes
    return ArrayItem(tag(1, OWNER, {}, **content), losses=losses)


def made(item: ArrayItem, value: object, *, source_us: int | None = NOW_US, receive_us: int) -> object:
    changes = changes_of([(1, data(value, source_us=source_us))])
    return item.block(
        changes.content.get(0), status=0, source_us=int(changes.source_us[0]), receive_us=receive_us
    )


def placed(item: ArrayItem, start_us: int) -> SampleBlock:
    block = made(item, [0.5] * 100, source_us=start_us, receive_us=start_us + 150_000)
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
    scaled = tag(1, OWNER, {}, scaling=Scaling(2.0, 1.0))
    batch = batch_of(scaled, 3, True, None, "text", [1.0], float("nan"), b"x")
    assert batch.quality.tolist() == [GOOD, GOOD] + [BAD_DECODE] * 5
    assert batch.value[:2].tolist() == [7.0, 3.0]
    assert np.isnan(batch.value[2:]).all()


def test_texts_and_numbers_of_a_text_tag_are_words() -> None:
    words = tag(1, OWNER, {}, dtype=TagDtype.TEXT)
    batch = batch_of(words, "batch 7", 3, True, 2**60 + 1, 0.5, "", None, [1.0])
    assert batch.text is not None
    assert batch.text.tolist() == ["batch 7", "3", "1", "1152921504606846977", "0.5", "", "", ""]
    assert batch.quality.tolist() == [GOOD] * 6 + [BAD_DECODE] * 2
    assert np.isnan(batch.value).all()


def test_a_whole_number_that_loses_digits_is_uncertain_where_it_was_declared_whole() -> None:
    """Equal means equal in the declared type: the nearest float is a float, and no whole number."""
    counter = tag(1, OWNER, {}, dtype=TagDtype.INT64)
    rounded = quality_code(QualityClass.UNCERTAIN, QualityCause.DECODE)
    told = [2**53, 2**53 + 1, -(2**60) - 1, 2**60, 2**64 - 1, 7]
    expected = [GOOD, rounded, rounded, GOOD, rounded, GOOD]
    assert batch_of(counter, *told).quality.tolist() == expected
    assert [decoded(counter, each)[2] for each in told] == expected
    assert set(batch_of(tag(1, OWNER, {}), *told).quality.tolist()) == {GOOD}
    assert {decoded(tag(1, OWNER, {}), each)[2] for each in told} == {GOOD}


def test_a_servers_dropped_values_are_counted() -> None:
    losses = LossCounter()
    batch_of(tag(1, OWNER, {}), 1.0, losses=losses, status=0x480)
    assert losses.by_cause == {"server_queue_overflow": 1}


def test_changes_of_unknown_handles_are_ignored() -> None:
    table = ScalarTable({2: tag(7, OWNER, {})}, subscribed_us=0, losses=LossCounter())
    changes = changes_of((handle, data(1.0)) for handle in (1, 2, 3, 0xFFFF_FFFF))
    batch = table.batch(changes, receive_us=np.full(4, NOW_US))
    assert batch is not None
    assert batch.tag_key.tolist() == [7]


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
    for wrong in (-11_644_473_600_000_000, later_us + 2 * hour_us, old):
        stored_us, is_suspect = clock.judge(wrong, receive_us=later_us)
        assert is_suspect
        assert later_us <= stored_us < later_us + 10


def test_what_is_told_far_behind_our_clock_is_doubted_unless_it_is_quiet() -> None:
    """F32: an hour, or 2005; a quiet value is truly old, when the link begins and when it is told again."""
    for behind_us in (3_600_000_000, 20 * 365 * 86_400_000_000):
        clock = SourceClock(NOW_US)
        old_us = NOW_US - behind_us
        assert clock.judge(old_us, receive_us=NOW_US) == (NOW_US, False), "held when the link began"
        assert clock.judge(old_us, receive_us=NOW_US + 5) == (old_us, False), "told again"
        later_us = NOW_US + 1_000_000
        assert clock.judge(old_us + 1_000_000, receive_us=later_us) == (later_us, True)
        clock.expect_held()
        assert clock.judge(old_us + 2_000_000, receive_us=later_us) == (later_us + 1, False), "held"
    slow = SourceClock(0)
    for second in range(3):
        at_us = NOW_US + second * 1_000_000
        assert slow.judge(at_us - 300_000_000, receive_us=at_us) == (at_us - 300_000_000, False), "5 minutes"
    hourly = tag(1, OWNER, {}, period_s=3600.0)
    table = ScalarTable({1: hourly}, subscribed_us=0, losses=LossCounter())
    told = changes_of((1, data(1.0, source_us=NOW_US - hours * 3_600_000_000)) for hours in (3, 2, 1))
    batch = table.batch(told, receive_us=np.full(3, NOW_US))
    assert batch is not None
    assert batch.quality.tolist() == [GOOD] * 3, "a mean of an hour carries the time at which it began"


def test_a_servers_memory_is_not_behind() -> None:
    losses = LossCounter()
    clocks = SourceClocks(1, subscribed_us=0, losses=losses, patience_us=FOR_EVER_US)
    old_us = np.array([NOW_US - hours * 3_600_000_000 for hours in (3, 2, 1)])
    stored_us, is_suspect = clocks.judge(np.zeros(3, np.intp), old_us, receive_us=np.full(3, NOW_US))
    assert stored_us.tolist() == old_us.tolist()
    assert not is_suspect.any()
    assert losses.total == 0


ODD_TIMES = st.one_of(
    st.integers(NOW_US - 10, NOW_US + 10),
    st.integers(NOW_US - 10_000_000, NOW_US + 200_000_000),
    st.integers(NOW_US - 3_600_000_000, NOW_US),
    st.sampled_from([NO_TIME, -11_644_473_600_000_000]),
)
REPORTED = st.lists(st.tuples(st.integers(0, 3), ODD_TIMES), min_size=1, max_size=30)


@given(st.lists(REPORTED, min_size=1, max_size=4))
def test_source_times_are_judged_in_arrays_as_one_by_one(notifications: list[list[tuple[int, int]]]) -> None:
    """F32 as a property: 1601, ahead, behind, backwards, equal, several values of one item in a list."""
    patience = [patience_us(period_s) for period_s in (0.1, 1.0, 400.0, 3600.0)]
    slow = [SourceClock(NOW_US - 5, patience_us=each) for each in patience]
    clocks = SourceClocks(
        4, subscribed_us=NOW_US - 5, losses=LossCounter(), patience_us=np.array(patience, np.int64)
    )
    for number, reported in enumerate(notifications):
        if number == 2:
            slow[1].expect_held()
            clocks.expect_held(1)
        receive_us = NOW_US + 1000 * number
        place = np.array([item for item, _ in reported])
        source_us = np.array([source for _, source in reported], dtype=np.int64)
        stored_us, is_suspect = clocks.judge(
            place, source_us, receive_us=np.full(len(place), receive_us, dtype=np.int64)
        )
        expected = [
            slow[item].judge(None if source == NO_TIME else source, receive_us=receive_us)
            for item, source in reported
        ]
        assert list(zip(stored_us.tolist(), is_suspect.tolist(), strict=True)) == expected


def test_wrong_source_times_are_counted_by_cause() -> None:
    losses = LossCounter()
    clocks = SourceClocks(1, subscribed_us=NOW_US, losses=losses)
    hour_us = 3_600_000_000
    for source_us in (NOW_US, NOW_US, -11_644_473_600_000_000, NOW_US + 2 * hour_us, NOW_US - hour_us):
        clocks.judge(np.array([0]), np.array([source_us]), receive_us=np.array([NOW_US + 5]))
    clocks.judge(np.array([0]), np.array([NOW_US + 10]), receive_us=np.array([NOW_US + hour_us]))
    assert losses.by_cause == {
        "source_time_behind": 1,
        "source_time_equal": 1,
        "source_time_unset": 1,
        "source_time_ahead": 1,
        "source_time_backwards": 1,
    }


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
    assert made(item, [0.5] * 100, receive_us=NOW_US + 200_000) is None
    assert losses.by_cause == {"repeated_block": 1}
    jumped = made(item, [0.5] * 100, source_us=NOW_US - 10**10, receive_us=NOW_US + 200_000)
    assert isinstance(jumped, SampleBlock)
    assert (jumped.quality, jumped.first_index) == (UNCERTAIN_CLOCK, first.first_index + 100)


def test_blocks_of_a_fresh_link_whose_clock_is_behind_go_on_in_doubt() -> None:
    """F32: the first may have been held; the others carry our time and leave no hole of an hour."""
    losses = LossCounter()
    item = array_item(losses)
    blocks = []
    for number in range(4):
        at_us = NOW_US + number * 100_000
        block = made(item, [0.5] * 100, source_us=at_us - 3_600_000_000, receive_us=at_us + 150_000)
        assert isinstance(block, SampleBlock)
        blocks.append((block.quality, block.receive_us - block.start_us))
    assert blocks == [(GOOD, 3_600_150_000)] + [(UNCERTAIN_CLOCK, 100_000)] * 3
    assert losses.total == 0


def test_blocks_without_a_time_that_arrive_together_were_taken_one_after_another() -> None:
    """Also when our own clock is set back meanwhile [F58]: none is taken for a repetition."""
    losses = LossCounter()
    item = array_item(losses)
    begins: list[int] = []
    for receive_us in (NOW_US, NOW_US + 100_000, NOW_US + 100_000, NOW_US - 3_600_000_000):
        block = made(item, [0.5] * 100, source_us=None, receive_us=receive_us)
        assert isinstance(block, SampleBlock)
        assert block.first_index == (NOW_US - 100_000) // 1000 + 100 * len(begins)
        begins.append(block.start_us - NOW_US)
    assert begins == [-100_000, 0, 100_000, -3_600_100_000]
    assert losses.total == 0


def test_a_record_of_hours_ago_is_no_sign_of_a_wrong_clock_where_a_device_keeps_it() -> None:
    """A long record that is read again is a repetition, too, and not a clock that was set back."""
    losses = LossCounter()
    item = array_item(losses, capture=CaptureSchedule(interval_s=60.0, length=20_000))
    for age_us in (4 * 3_600_000_000, 3_600_000_000):
        block = made(item, [0.5] * 20_000, source_us=NOW_US - age_us, receive_us=NOW_US)
        assert isinstance(block, SampleBlock)
        assert (block.quality, block.start_us) == (GOOD, NOW_US - age_us)
        assert made(item, [0.5] * 20_000, source_us=NOW_US - age_us, receive_us=NOW_US) is None
    assert losses.by_cause == {"repeated_block": 2}


@pytest.mark.parametrize("value", [None, 1.0, [], ["a"], [1.0, float("inf")], [[1.0], [2.0]], [None]])
def test_what_is_no_array_of_numbers_is_a_bad_row(value: object) -> None:
    assert made(array_item(LossCounter()), value, receive_us=NOW_US) == BAD_DECODE


def test_arrays_are_float32_in_the_engineering_unit() -> None:
    item = array_item(LossCounter(), scaling=Scaling(0.5, 1.0))
    block = made(item, [1, 2, 3], receive_us=NOW_US)
    assert isinstance(block, SampleBlock)
    assert block.samples.dtype == np.float32
    assert block.samples.tolist() == [1.5, 2.0, 2.5]
    assert Quality.from_code(block.quality).is_good


@given(st.lists(st.lists(st.integers(10, 20), min_size=1, max_size=9), min_size=1, max_size=40))
async def test_the_inbox_counts_what_it_drops_and_keeps_each_items_last(lists: list[list[int]]) -> None:
    """F28 as a property: delivered + dropped = put, and the newest value of every item is delivered."""
    losses = LossCounter()
    inbox = Inbox(capacity=25, losses=losses)
    newest: dict[int, float] = {}
    number = 0
    for handles in lists:
        items = []
        for handle in handles:
            number += 1
            newest[handle] = number
            items.append((handle, data(number)))
        inbox.put(NOW_US + number, changes_of(items))
    taken: list[Changes] = [changes for _, changes in await inbox.take(within_s=0.01)]
    delivered = joined(taken)
    assert len(delivered) + losses.total == number
    last = dict(zip(delivered.handle.tolist(), delivered.value.tolist(), strict=True))
    assert last == newest


def test_what_is_no_number_stays_with_its_row_when_rows_are_chosen_and_joined() -> None:
    first = changes_of([(1, data("a")), (2, data(2.0)), (3, data([1.0, 2.0]))])
    chosen = joined([first.select(np.array([2, 0])), first])
    assert chosen.handle.tolist() == [3, 1, 1, 2, 3]
    assert [chosen.content.get(row) if row in (1, 2) else None for row in range(5)][1:3] == ["a", "a"]
    assert sorted(chosen.content) == [0, 1, 2, 4]
    assert chosen.weight == 5 + 2 * 49
