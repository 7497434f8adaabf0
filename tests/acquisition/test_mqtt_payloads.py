"""Payloads, paths and addresses of MQTT and files without a broker [ACQ-1]."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import FilesAddress, MqttAddress, MqttFormat, TimeForm
from acquisition.drivers.mqtt.inbox import BoundedInbox
from acquisition.drivers.mqtt.payloads import Message, TakenUp, TopicReader, instant_us
from acquisition.drivers.tag_values import TagValue, inbox_key, inbox_weight
from acquisition.json_path import follow, path_steps, path_text
from domain.errors import ConfigurationError
from domain.plant.quality import GOOD, Quality, QualityFlag
from domain.plant.readings import LossCounter, SampleBlock
from domain.plant.tags import CaptureSchedule, ConnectionKind, TagDtype
from tests.protocol.stage import connection, tag

OWNER = connection(ConnectionKind.MQTT, host="h")
NOW_US = 1_770_000_000_000_000
NAMES = st.text(st.characters(exclude_characters="'\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


def reader(losses: LossCounter) -> TopicReader:
    """A topic whose payload five tags read, each in its own way."""
    made = TopicReader("t", most_bytes=500, losses=losses)
    wave = {"sampling_rate_hz": 10.0, "capture": CaptureSchedule(1.0, 10)}
    ways: list[tuple[dict[str, object], dict[str, object]]] = [
        ({"format": "number"}, {}),
        ({"format": "text"}, {"dtype": TagDtype.TEXT}),
        ({"format": "json", "path": "$.a[0]", "time_path": "$.t"}, {}),
        ({"format": "float32"}, wave),
        ({"format": "json"}, wave),
    ]
    for key, (address, more) in enumerate(ways):
        one = tag(key, OWNER, {"topic": "t"} | address, **more)
        made.add(one, MqttAddress.from_plain(one.address))
    return made


@given(st.lists(st.binary(max_size=600) | JSON.map(lambda each: json.dumps(each).encode()), max_size=6))
def test_no_payload_breaks_a_reader_or_makes_a_good_value_of_nothing(payloads: list[bytes]) -> None:
    one = reader(LossCounter())
    for payload in payloads:
        for item in one.read(Message("t", payload), receive_us=NOW_US):
            if isinstance(item, SampleBlock):
                assert all(map(math.isfinite, item.samples.tolist()))
            elif not Quality.from_code(item.quality).is_bad:
                assert math.isfinite(item.value) != (item.tag_key == 1), "a number, or the text tag"


def test_a_message_delivered_again_by_the_broker_says_nothing() -> None:
    losses = LossCounter()
    one = reader(losses)
    assert len(one.read(Message("t", b"1"), receive_us=NOW_US)) == 5
    assert one.read(Message("t", b"1", is_repeated=True), receive_us=NOW_US) == []
    assert losses.by_cause["repeated_message"] == 1


def test_a_payload_beyond_the_limit_is_bad_and_counted() -> None:
    losses = LossCounter()
    rows = reader(losses).read(Message("t", b"1" * 501), receive_us=NOW_US)
    assert all(isinstance(row, TagValue) and row.quality != GOOD for row in rows)
    assert losses.by_cause == {"payload_too_large": 1}


@given(st.lists(NAMES | st.integers(0, 99_999), max_size=5))
def test_a_path_reads_as_it_was_written(steps: list[str | int]) -> None:
    assert path_steps(path_text(tuple(steps))) == tuple(steps)


def test_paths_lead_to_what_is_there_and_nowhere_else() -> None:
    content = {"a": [{"b c": 5}], "d": None}
    assert follow(content, path_steps("$.a[0]['b c']")) == 5
    assert follow(content, path_steps("$")) is content
    for path in ("$.a[1]", "$.x", "$.d.e", "$[0]"):
        with pytest.raises(LookupError):
            follow(content, path_steps(path))
    for path in ("a", "$.a[", "$..a", "$.a[-1]", "$[*]"):
        with pytest.raises(ValueError, match="path"):
            path_steps(path)


@pytest.mark.parametrize(
    ("stamp", "form", "expected_us"),
    [
        (1.5, TimeForm.SECONDS, 1_500_000),
        ("1500", TimeForm.MILLISECONDS, 1_500_000),
        (1_500_000, TimeForm.MICROSECONDS, 1_500_000),
        ("1970-01-01T00:00:01.5Z", TimeForm.ISO, 1_500_000),
        ("1970-01-01T01:00:01.5+01:00", TimeForm.ISO, 1_500_000),
        ("1970-01-01T00:00:01.5", TimeForm.ISO, 1_500_000),
    ],
)
def test_time_stamps_of_every_form(stamp: object, form: TimeForm, expected_us: int) -> None:
    assert instant_us(stamp, form) == expected_us


@pytest.mark.parametrize(
    "address",
    [
        {"topic": "a/b", "format": "number"},
        {"topic": "a", "format": "json", "path": "$.x", "time_path": "$.t", "time_form": "ms"},
        {"topic": "a", "format": "text", "silent_after_s": 9.0},
        {"topic": "G/N/D", "format": "sparkplug", "metric": "m"},
    ],
)  # fmt: skip
def test_an_address_survives_storage(address: dict[str, object]) -> None:
    assert MqttAddress.from_plain(address).to_plain() == address


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("topic", {"topic": "a/+"}),
        ("topic", {"topic": "a/#"}),
        ("topic", {}),
        ("topic", {"topic": "a", "format": "sparkplug", "metric": "m"}),
        ("metric", {"topic": "a/b", "format": "sparkplug"}),
        ("metric", {"topic": "a", "metric": "m"}),
        ("path", {"topic": "a", "path": "$.x"}),
        ("path", {"topic": "a", "format": "json", "path": "x["}),
        ("format", {"topic": "a", "format": "xml"}),
        ("silent_after_s", {"topic": "a", "silent_after_s": -1}),
        ("retain", {"topic": "a", "retain": True}),
    ],
)
def test_a_wrong_address_names_its_field(field: str, address: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="'pump'") as told:
        MqttAddress.from_plain(address, tag_name="pump")
    assert told.value.parameters["field"] == field


def test_the_address_of_a_file_survives_storage() -> None:
    for address in ({"channel": "1"}, {"channel": "1", "file": "P_*.wav"}):
        assert FilesAddress.from_plain(address).to_plain() == address
    with pytest.raises(ConfigurationError, match="channel"):
        FilesAddress.from_plain({})
    assert MqttFormat.SPARKPLUG.value == "sparkplug"


async def test_the_past_of_a_tag_is_not_taken_for_its_newest_value() -> None:
    """F28: an overflow keeps the newest value of now, whatever back-filled values came after it."""
    losses = LossCounter()
    inbox = BoundedInbox[TagValue](capacity=3, key=inbox_key, weight=inbox_weight, losses=losses)
    for number in range(3):
        inbox.put(number, [TagValue(1, float(number), GOOD, number, number)])
    for number in range(3):
        inbox.put(9, [TagValue(1, 100.0 + number, GOOD, number, 9, is_past=True)])
    kept = [item.value for _, items in await inbox.take(within_s=0) for item in items]
    assert kept == [2.0, 102.0]
    assert losses.by_cause == {"queue_overflow": 4}


def past_of(arrivals: list[tuple[float, float]], *, taken_up_at_s: float) -> list[bool]:
    """Return of values by (source time, time of arrival) in seconds which are of the past."""
    made = TopicReader(
        "t", most_bytes=500, losses=LossCounter(), taken_up=TakenUp(NOW_US + round(taken_up_at_s * 1e6), {})
    )
    one = tag(
        1, OWNER, {"topic": "t", "format": "json", "path": "$.v", "time_path": "$.t", "time_form": "us"}
    )
    made.add(one, MqttAddress.from_plain(one.address))
    found: list[bool] = []
    for number, (source_s, receive_s) in enumerate(arrivals):
        payload = json.dumps({"v": number, "t": NOW_US + round(source_s * 1e6)}).encode()
        (item,) = made.read(Message("t", payload), receive_us=NOW_US + round(receive_s * 1e6))
        assert isinstance(item, TagValue)
        assert item.is_past == bool(Quality.from_code(item.quality).flags & QualityFlag.BACK_FILLED)
        found.append(item.is_past)
    return found


def test_kept_values_are_of_the_past_until_the_first_that_is_newer_than_the_session() -> None:
    kept = [(float(second), 3600.0 + second / 1000) for second in range(0, 3600, 60)]
    live = [(3600.5, 3600.6), (3601.5, 3601.6)]
    assert past_of(kept + live, taken_up_at_s=3600.0) == [True] * 60 + [False] * 2


def test_a_source_whose_clock_is_hours_behind_is_of_now_once_it_keeps_pace() -> None:
    """What was kept for an hour comes within 4 s, values of now one a second: soon the difference shows."""
    behind_s = 7200.0
    kept = [(float(second) - behind_s, 3600.0 + second / 900) for second in range(0, 3600, 60)]
    live = [(second - behind_s, second) for second in range(3604, 3620)]
    past = past_of(kept + live, taken_up_at_s=3600.0)
    assert all(past[: len(kept)])
    assert past[len(kept) :].index(False) <= 7
    assert not any(past[len(kept) + 7 :])


def test_a_long_backlog_that_comes_faster_than_it_was_measured_stays_past() -> None:
    backlog = [(float(second), 3600.0 + second / 2) for second in range(1200)]
    assert all(past_of(backlog, taken_up_at_s=3600.0))


def told_by_a_device(arrivals: list[tuple[float, float]]) -> list[tuple[str, float]]:
    """Return what becomes of values by (source time, time of arrival): kind and stored time, in seconds."""
    made = TopicReader("t", most_bytes=500, losses=LossCounter())
    address = {"topic": "t", "format": "json", "path": "$.v", "time_path": "$.t", "time_form": "us"}
    made.add(tag(1, OWNER, address), MqttAddress.from_plain(address))
    found = []
    for number, (source_s, receive_s) in enumerate(arrivals):
        payload = json.dumps({"v": number, "t": NOW_US + round(source_s * 1e6)}).encode()
        (item,) = made.read(Message("t", payload), receive_us=NOW_US + round(receive_s * 1e6))
        assert isinstance(item, TagValue)
        kind = "past" if item.is_past else "good" if item.quality == GOOD else "doubt"
        found.append((kind, (item.source_us - NOW_US) / 1e6))
    return found


def test_a_device_whose_clock_is_behind_is_doubted_from_its_second_value_on() -> None:
    """F32: the first may be a quiet value of a gateway that tells when it changed last."""
    told = told_by_a_device([(second - 3600.0, second) for second in range(1, 40)])
    assert told == [("good", -3599.0)] + [("doubt", float(second)) for second in range(2, 40)]


def test_what_a_device_kept_while_its_link_was_away_fills_the_past() -> None:
    """ACQ-7: an hour of values within 4 s comes with its own times; the first few are in doubt."""
    live, after = [(float(second), second + 0.1) for second in (0, 1)], [(3604.0, 3604.5), (3605.0, 3605.5)]
    kept = [(float(second), 3600.0 + second / 900) for second in range(2, 2400)]
    told = told_by_a_device([*live, *kept, *after])
    assert told[:2] == [("good", 0.0), ("good", 1.0)]
    assert all(kind == "doubt" for kind, _ in told[2:7]) or told[2][0] == "past"
    assert told[20:2400] == [("past", source_s) for source_s, _ in kept[18:]]
    assert told[2400:] == [("good", 3604.0), ("good", 3605.0)]
