"""The forms of links: what is typed becomes options that the drivers take [SET-1, S-16]."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from acquisition.drivers import DRIVERS
from domain.identifiers import new_id
from domain.plant.tags import Connection, ConnectionKind
from services.clock import SystemClock
from services.set_up.link_forms import (
    LINK_FORMS,
    defaults_of,
    is_asked,
    place_of,
    read_form,
    typed_of,
    with_options,
)

HERE = str(Path("/data").absolute())
FILLED: Mapping[ConnectionKind, Mapping[str, str]] = {
    ConnectionKind.MODBUS_TCP: {"host": "10.0.0.7", "timeout_s": "0,5 s"},
    ConnectionKind.MODBUS_RTU_TCP: {"host": "10.0.0.7"},
    ConnectionKind.MODBUS_SERIAL: {"port": "COM3"},
    ConnectionKind.OPCUA: {"endpoint": "opc.tcp://10.0.0.8:4840", "security": "None", "waiver": "yes"},
    ConnectionKind.MQTT: {"host": "broker", "session_expiry_s": "86400 s", "silent_after_s": "90,5 s"},
    ConnectionKind.FILES: {"path": HERE, "zone": "Europe/Berlin"},
}


@pytest.mark.parametrize("kind", FILLED, ids=lambda kind: kind.value)
def test_what_a_form_gives_is_what_the_driver_takes(kind: ConnectionKind) -> None:
    answers = read_form(kind, defaults_of(kind) | dict(FILLED[kind]))
    assert answers.problems == {}
    link = Connection(new_id(), "Device", kind, answers.options)
    assert DRIVERS[kind].create(link, SystemClock()) is not None
    assert read_form(kind, typed_of(link)).options == answers.options, "a form shows what it was given"


def test_every_kind_but_the_replay_has_a_form() -> None:
    assert set(LINK_FORMS) == set(ConnectionKind) - {ConnectionKind.REPLAY}


def test_every_wrong_field_is_named_at_once() -> None:
    typed = {"host": " ", "port": "70000", "unit": "one", "timeout_s": "soon", "max_gap": "8"}
    answers = read_form(ConnectionKind.MODBUS_TCP, typed)
    assert answers.problems == {
        "host": "field_missing",
        "port": "field_out_of_range",
        "unit": "field_not_whole",
        "timeout_s": "field_not_number",
    }


def test_an_unsigned_link_needs_the_word_of_a_person() -> None:
    typed = defaults_of(ConnectionKind.OPCUA) | {"endpoint": "opc.tcp://plc", "security": "None"}
    assert read_form(ConnectionKind.OPCUA, typed).problems == {"waiver": "field_no_waiver"}
    assert "waiver" not in read_form(ConnectionKind.OPCUA, typed | {"waiver": "yes"}).problems


def test_a_password_never_travels_in_the_open() -> None:
    told = {"user": "line", "password_variable": "PLC_WORD"}
    opcua = defaults_of(ConnectionKind.OPCUA) | {"endpoint": "opc.tcp://plc", "mode": "Sign"} | told
    assert read_form(ConnectionKind.OPCUA, opcua).problems == {"user": "field_needs_encryption"}
    mqtt = defaults_of(ConnectionKind.MQTT) | {"host": "broker", "tls": ""} | told
    assert read_form(ConnectionKind.MQTT, mqtt).problems == {"user": "field_needs_encryption"}
    assert read_form(ConnectionKind.MQTT, mqtt | {"tls": "yes"}).problems == {}


def test_a_field_is_asked_only_when_it_matters() -> None:
    waiver = next(each for each in LINK_FORMS[ConnectionKind.OPCUA] if each.name == "waiver")
    assert not is_asked(waiver, {"security": "Basic256Sha256"})
    assert is_asked(waiver, {"security": "None"})


def test_options_that_the_form_does_not_know_stay() -> None:
    link = Connection(new_id(), "PLC", ConnectionKind.MODBUS_TCP, {"host": "old", "depth": 4, "timeout_s": 2})
    assert with_options(link, {"host": "new"}) == {"host": "new", "depth": 4}


@pytest.mark.parametrize(
    ("kind", "options", "place"),
    [
        (ConnectionKind.MODBUS_TCP, {"host": "a"}, "a:502"),
        (ConnectionKind.MQTT, {"host": "a", "tls": True}, "a:8883"),
        (ConnectionKind.OPCUA, {"endpoint": "opc.tcp://b:1"}, "opc.tcp://b:1"),
        (ConnectionKind.MODBUS_SERIAL, {"port": "COM3"}, "COM3"),
        (ConnectionKind.FILES, {"path": "/in"}, "/in"),
    ],
)
def test_a_device_is_named_by_its_place(
    kind: ConnectionKind, options: Mapping[str, object], place: str
) -> None:
    assert place_of(Connection(new_id(), "x", kind, options)) == place
