"""What a link missed and what becomes of it: stretches, questions, the silence of the hub [NEW-14]."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition import back_fill
from acquisition.back_fill import (
    ASK_AGAIN_S,
    LONGEST_US,
    MOST_STRETCHES,
    REACH_US,
    MissedTime,
    Stretches,
    TakenTimes,
)
from acquisition.driver import Driver
from acquisition.hub import TagHub
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from domain.errors import ConnectionLost, DeviceRefused
from domain.plant.quality import BAD_COMMUNICATION_LOST, GOOD, UNCERTAIN_CLOCK, QualityFlag
from domain.plant.readings import ReadingBatch, SampleBlock, reading_batch
from domain.plant.tags import ConnectionKind, Tag
from tests.acquisition.test_supervisor import ScriptedDriver, entry, supervise
from tests.protocol.stage import Memory, connection, tag, until

S = 1_000_000
T0 = 1_800_000_000 * S
OWNER = connection(ConnectionKind.OPCUA)
PAST = int(QualityFlag.BACK_FILLED)


def tags(*keys: int) -> list[Tag]:
    return [tag(key, OWNER, {}) for key in keys]


def rows(*pairs: tuple[int, int], quality: int = GOOD) -> ReadingBatch:
    """Rows of tag key and source time in seconds after T0."""
    keys, times = [key for key, _ in pairs], [T0 + at * S for _, at in pairs]
    return reading_batch(keys, [1.0] * len(keys), quality=quality, source_us=times, receive_us=times)


def seconds(stretches: Stretches) -> list[tuple[int, int, int]]:
    return [
        (int(key), (int(start) - T0) // S, (int(end) - T0) // S)
        for key, start, end in zip(stretches.keys, stretches.start_us, stretches.end_us, strict=True)
    ]


def test_a_stretch_lies_between_the_last_value_before_a_loss_and_the_first_after() -> None:
    missed = MissedTime(tags(1, 2, 3))
    missed.begin()
    missed.note(rows((1, 0), (2, 1)))
    assert missed.waiting() == (), "nothing was known before the first link"
    missed.note(rows((1, 5), (2, 4), (1, 6)))
    missed.note(rows((1, 9), quality=BAD_COMMUNICATION_LOST))
    missed.begin()
    missed.note(rows((1, 30), (1, 31), (3, 30)))
    (first,) = missed.waiting()
    assert seconds(first) == [(1, 6, 30)]
    missed.note(rows((2, 40)))
    assert [seconds(each) for each in missed.waiting()] == [[(1, 6, 30)], [(2, 4, 40)]]
    missed.give_up(first)
    assert [seconds(each) for each in missed.waiting()] == [[(2, 4, 40)]]


def test_a_quiet_tag_is_not_asked_for_days_that_were_told() -> None:
    missed = MissedTime(tags(1, 2))
    missed.note(rows((1, 0), (2, 100_000)))
    missed.begin()
    missed.note(rows((1, 100_100), (2, 100_100)))
    (only,) = missed.waiting()
    assert seconds(only) == [(1, 100_000 - REACH_US // S, 100_100), (2, 100_000, 100_100)]


def test_what_an_earlier_run_stored_is_taken_over_within_bounds() -> None:
    missed = MissedTime(tags(1, 2))
    missed.resume(rows((1, 0)))
    missed.resume(rows((2, 0), quality=BAD_COMMUNICATION_LOST))
    missed.begin()
    missed.note(rows((1, 10**7), (2, 10**7)))
    (only,) = missed.waiting()
    assert seconds(only) == [(1, 10**7 - LONGEST_US // S, 10**7)]


def test_good_values_of_now_and_of_the_past_say_up_to_where_a_tag_was_taken() -> None:
    taken = TakenTimes(tags(3, 1))
    taken.note(rows((1, 5), (1, 4), (9, 90)))
    taken.note(rows((1, 7), (3, 8), quality=GOOD | PAST))
    taken.note(rows((1, 60), (3, 60), quality=UNCERTAIN_CLOCK))
    taken.note(rows((1, 61), quality=BAD_COMMUNICATION_LOST))
    assert taken.by_tag() == {1: T0 + 7 * S, 3: T0 + 8 * S}


def test_a_flapping_link_keeps_a_bounded_number_of_stretches() -> None:
    missed = MissedTime(tags(1))
    missed.note(rows((1, 0)))
    for at in range(1, 3 * MOST_STRETCHES):
        missed.begin()
        missed.note(rows((1, at)))
        waiting = missed.waiting()
    assert len(waiting) == MOST_STRETCHES
    assert seconds(waiting[-1]) == [(1, 3 * MOST_STRETCHES - 2, 3 * MOST_STRETCHES - 1)]


def test_f20_values_due_in_an_outage_are_lost_until_they_turn_up() -> None:
    """Periods of 1 s: 9 values between 1 and 11 s; the quiet tag and the one of yesterday owe nothing."""
    missed = MissedTime([tag(key, OWNER, {}, period_s=1.0) for key in (1, 2, 3)])
    missed.resume(rows((3, 1)))
    missed.note(rows((2, -60), (1, 1)))
    missed.begin()
    missed.begin()  # an attempt that brought nothing
    missed.note(rows((1, 11), (3, 11)))
    missed.note(rows((2, 12)), held_us=T0 + 12 * S)
    assert missed.lost == 9
    (stretches,) = missed.waiting()
    for page in (rows((1, 1), (1, 2), (1, 3), quality=PAST), rows((1, 3), (2, 5), (1, 11), quality=PAST)):
        missed.take(stretches, page)
    assert missed.lost == 7
    missed.begin()
    missed.note(rows((1, 15), (2, 15)), held_us=T0 + 15 * S)
    assert missed.lost == 10, "of four that were due one was held and told; the quiet tag owes nothing"
    missed.begin(is_counted=False)
    missed.note(rows((1, 100)))
    assert missed.lost == 10, "who delivers what it kept by itself owes nothing"


@pytest.mark.parametrize("is_down", [False, True])
def test_f58_after_our_clock_was_set_back_outages_count_from_there(*, is_down: bool) -> None:
    """An outage in which the clock is set back cannot be measured; one after it is, to the value."""
    hour = 3600
    missed = MissedTime([tag(key, OWNER, {}, period_s=1.0) for key in (1, 2)])
    for second in range(3):
        missed.note(rows((1, second), (2, second)))
    if is_down:
        missed.begin()
    for second in range(-hour, -hour + 3):
        missed.note(rows((1, second)))
    assert missed.lost == 0
    assert missed.waiting() == ()
    missed.begin()
    missed.note(rows((1, -hour + 602)))
    assert missed.lost == 599
    (stretches,) = missed.waiting()
    assert (1, 2 - hour, 602 - hour) in seconds(stretches)


def test_ends_that_a_device_left_open_are_asked_for_again_later_and_given_up_at_last() -> None:
    """Periods of 1 s, 3 values due of each tag: tag 1 is brought at once, tag 2 in parts, its last never."""
    missed = MissedTime([tag(key, OWNER, {}, period_s=1.0) for key in (1, 2)])
    missed.note(rows((1, 0), (2, 0)))
    missed.begin()
    missed.note(rows((1, 4), (2, 4)))
    (first,) = missed.waiting(now_s=100.0)
    missed.take(first, rows((1, 1), (1, 2), (1, 3), (2, 1), quality=PAST))
    missed.answered(first, now_s=100.0)
    assert missed.waiting(now_s=100.0 + ASK_AGAIN_S[0] - 0.1) == ()
    (second,) = missed.waiting(now_s=100.0 + ASK_AGAIN_S[0])
    assert seconds(second) == [(2, 1, 4)], "not again what was brought"
    missed.take(second, rows((2, 2), quality=PAST))
    missed.answered(second, now_s=200.0)
    (third,) = missed.waiting(now_s=200.0 + ASK_AGAIN_S[1])
    assert seconds(third) == [(2, 2, 4)]
    missed.answered(third, now_s=300.0)
    assert missed.waiting() == ()
    assert missed.lost == 1


def test_a_device_that_brought_everything_is_not_asked_again() -> None:
    missed = MissedTime([tag(1, OWNER, {}, period_s=1.0)])
    missed.resume(rows((1, 0)))
    missed.begin()
    missed.note(rows((1, 2)))
    (only,) = missed.waiting()
    missed.take(only, rows((1, 1), quality=PAST))
    missed.answered(only, now_s=0.0)
    assert missed.waiting() == ()


@given(st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(-5, 25)), max_size=12), max_size=5))
def test_only_rows_inside_are_taken_and_none_of_an_earlier_page_again(
    pages: list[list[tuple[int, int]]],
) -> None:
    open_ = Stretches(
        np.array([1, 3], np.int32),
        np.array([T0, T0 + 5 * S]),
        np.array([T0 + 10 * S, T0 + 20 * S]),
        np.array([S, S]),
    )
    reached = {1: 0, 3: 5}
    for page in pages:
        taken = open_.take(rows(*page, quality=PAST)) if page else None
        expected = [
            (key, at) for key, at in page if key in reached and reached[key] < at < {1: 10, 3: 20}[key]
        ]
        for key, at in expected:
            reached[key] = max(reached[key], at)
        got = [] if taken is None else [(r.tag_key, (r.source_us - T0) // S) for r in taken.rows()]
        assert got == expected


def test_back_filled_rows_change_no_live_value_and_reach_only_who_asks(tmp_path: Path) -> None:
    values = ValueTable.create(tmp_path, [1, 2], epoch=1)
    ring = WaveformRing.create(tmp_path, [], epoch=1)
    hub = TagHub(values, ring)
    live: list[int] = []
    past: list[int] = []
    hub.on_batch(lambda batch: live.extend(batch.tag_key.tolist()))
    hub.on_past(lambda batch: past.extend(batch.tag_key.tolist()))
    hub.publish(rows((1, 50)))
    hub.publish(rows((1, 20), (2, 20), quality=PAST))
    mixed = rows((2, 60), (1, 30))
    mixed.quality[1] = PAST
    hub.publish(mixed)
    assert (live, past) == ([1, 2], [1, 2, 1])
    assert values.read(np.array([1, 2], np.int32)).source_us.tolist() == [T0 + 50 * S, T0 + 60 * S]
    values.close()
    ring.close()


class Remembering(ScriptedDriver):
    """A driver that fails on command and remembers one value a second."""

    asked: list[tuple[list[int], int, int]]
    refusal: Exception | None = None
    fails_after: int | None = None
    stored_up_to: int | None = None
    """Seconds after T0: what is younger is remembered, but not stored yet."""
    held_us = -1

    async def read_past(
        self, tags: Sequence[Tag], *, start_us: int, end_us: int
    ) -> AsyncGenerator[ReadingBatch]:
        self.asked.append(([each.key for each in tags], start_us, end_us))
        if self.refusal is not None:
            raise self.refusal
        for number, at in enumerate(range(-(-(start_us - T0) // S), (end_us - T0) // S + 1)):
            if self.fails_after is not None and number >= self.fails_after:
                raise ConnectionLost("the wire is cut again")
            if self.stored_up_to is not None and at > self.stored_up_to:
                return
            yield rows(*((each.key, at) for each in tags), quality=PAST)


def remembering(memory: Memory, **changes: object) -> tuple[Remembering, list[asyncio.Event]]:
    """Return a driver for all links of a story, and the events that cut the first and second link."""
    cuts = [asyncio.Event(), asyncio.Event()]
    starts = iter([0, 30, 60])

    async def script(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        at = next(starts)
        yield rows((0, at), (1, at))
        if at < 60:
            await cuts[at // 30].wait()
            raise ConnectionLost("the wire is cut")
        while True:
            yield rows((0, at), (1, at))
            at += 1
            await asyncio.sleep(0.05)

    driver = Remembering(script)
    driver.asked = []
    for name, value in changes.items():
        setattr(driver, name, value)
    return driver, cuts


def filled(memory: Memory, key: int) -> list[int]:
    return [
        (row.source_us - T0) // S
        for row in memory.readings
        if row.tag_key == key and row.quality.flags & QualityFlag.BACK_FILLED
    ]


async def test_after_an_outage_the_device_is_asked_and_each_value_passed_on_once() -> None:
    memory = Memory()
    driver, cuts = remembering(memory)
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(lambda: _shared(driver))}, 2)
    supervisor.start()
    await until(lambda: memory.is_good(0, 1), within_s=2, what="first values")
    cuts[0].set()
    await until(lambda: len(filled(memory, 1)) == 29, within_s=6, what=lambda: filled(memory, 1))
    assert filled(memory, 0) == filled(memory, 1) == list(range(1, 30))
    assert len(driver.asked) == 1, "one question for both tags"
    assert supervisor.statuses()[0].back_filled == 58
    ages = supervisor.statuses()[0].last_value_age_s
    assert ages is not None
    assert ages > 0.5, "back-filled values do not make a link fresh"
    cuts[1].set()
    await until(lambda: len(filled(memory, 1)) == 58, within_s=6, what="the second outage")
    assert filled(memory, 0) == [*range(1, 30), *range(31, 60)]
    await supervisor.stop()


async def test_what_a_second_loss_interrupts_is_asked_of_the_next_link() -> None:
    memory = Memory()
    driver, cuts = remembering(memory, fails_after=10)
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(lambda: _shared(driver))}, 2)
    supervisor.start()
    await until(lambda: memory.is_good(0, 1), within_s=2, what="first values")
    cuts[0].set()
    await until(lambda: len(filled(memory, 0)) == 10, within_s=6, what="a part")
    driver.fails_after = None
    cuts[1].set()
    await until(lambda: len(filled(memory, 0)) == 58, within_s=8, what=lambda: filled(memory, 0))
    assert filled(memory, 0) == [*range(1, 30), *range(31, 60)], "nothing twice, nothing forgotten"
    await supervisor.stop()


async def test_a_device_that_stores_late_what_it_remembers_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(back_fill, "ASK_AGAIN_S", (0.5, 0.5))
    memory = Memory()
    driver, cuts = remembering(memory, stored_up_to=25)
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(lambda: _shared(driver))}, 2)
    supervisor.start()
    await until(lambda: memory.is_good(0, 1), within_s=2, what="first values")
    cuts[0].set()
    await until(lambda: len(filled(memory, 1)) == 25, within_s=6, what=lambda: filled(memory, 1))
    driver.stored_up_to = None
    await until(lambda: len(filled(memory, 1)) == 29, within_s=6, what=lambda: filled(memory, 1))
    assert filled(memory, 0) == filled(memory, 1) == list(range(1, 30))
    await supervisor.stop()


async def test_a_device_that_refuses_for_good_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    driver, cuts = remembering(memory, refusal=DeviceRefused("no history here"))
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(lambda: _shared(driver))}, 2)
    supervisor.start()
    await until(lambda: memory.is_good(0, 1), within_s=2, what="first values")
    cuts[0].set()
    await until(lambda: len(driver.asked) == 3, within_s=8, what="three questions")
    await asyncio.sleep(2.2)  # two more rounds would have come
    assert len(driver.asked) == 3
    assert filled(memory, 0) == []
    await supervisor.stop()


def _shared(driver: Remembering) -> Driver:
    return driver
