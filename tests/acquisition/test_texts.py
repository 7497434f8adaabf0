"""Whatever a device calls a text can be stored and shown, by whichever driver it comes [ACQ-7]."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import MqttAddress
from acquisition.drivers.mqtt.catalog import MqttCatalog
from acquisition.drivers.mqtt.payloads import Message, TopicReader
from acquisition.drivers.mqtt.sparkplug_payload import make_payload, parse_payload, value_of
from acquisition.drivers.tag_values import TagValue
from domain.plant.quality import GOOD
from domain.plant.readings import LossCounter
from domain.plant.tags import ConnectionKind, TagDtype
from domain.texts import clean_text
from tests.protocol.stage import connection, tag

ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.binary()


@given(ANY_TEXT)
def test_a_clean_text_is_utf_8_without_an_end_inside_and_stays_as_it_is(words: str | bytes) -> None:
    cleaned = clean_text(words)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert "\0" not in cleaned
    assert clean_text(cleaned) == cleaned


def test_a_text_that_was_right_is_not_changed() -> None:
    for words in ("Charge 7 \u00fc", "\u6cf5", "\U0001f525", "a\tb\n", ""):
        assert clean_text(words) == clean_text(words.encode()) == words


@pytest.mark.parametrize(
    ("format", "payload", "expected"),
    [
        ("json", b'{"s": "\\ud800 fault"}', "\ufffd fault"),
        ("json", b'{"s": "\\ud83d\\udd25"}', "\U0001f525"),
        ("json", b'{"s": "a\\u0000b"}', "a\ufffdb"),
        ("text", b"a\0b", "a\ufffdb"),
    ],
)
def test_texts_of_plain_topics_are_clean(format: str, payload: bytes, expected: str) -> None:
    owner = connection(ConnectionKind.MQTT, host="h")
    address = {"topic": "t", "format": format} | ({"path": "$.s"} if format == "json" else {})
    reader = TopicReader("t", most_bytes=500, losses=LossCounter())
    reader.add(tag(1, owner, address, dtype=TagDtype.TEXT), MqttAddress.from_plain(address))
    (item,) = reader.read(Message("t", payload), receive_us=1_800_000_000_000_000)
    assert isinstance(item, TagValue)
    assert (item.text, item.quality) == (expected, GOOD)


def test_texts_of_sparkplug_that_are_no_utf_8_are_texts_all_the_same() -> None:
    """Protobuf's parser hands those out as bytes."""
    told = {"name": "NAME", "datatype": 12, "string_value": "VALUE", "properties": {"engUnit": "UNIT"}}
    body = make_payload([told])
    for word in (b"NAME", b"VALUE", b"UNIT"):
        body = body.replace(word, word[:-2] + b"\xff\0")
    (metric,) = parse_payload(body).metrics
    assert (metric.name, value_of(metric, 12), metric.unit) == (
        "NA\ufffd\ufffd", "VAL\ufffd\ufffd", "UN\ufffd\ufffd",
    )  # fmt: skip


def test_what_no_set_up_could_keep_is_not_offered() -> None:
    catalog = MqttCatalog()
    catalog.take(Message("t", b'{"a": "\\ud800", "b\\ud800": 1}'))
    assert [(item.name, item.value) for item in catalog.items("t")] == [("a", "\ufffd")]
