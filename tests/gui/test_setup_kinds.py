"""Every kind of link through the real tab against a real peer, from the form to the collector's value.

SET-1, ACQ-2: real window, real collector, real brokers, servers, lines and folders.
"""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from domain.plant.tags import ConnectionKind, Tag, TagDtype
from tests.gui.setup_stage import Person, person_on, served
from tests.protocol.fault_server import FaultServer
from tests.protocol.mqtt_stage import Broker, EdgeNode, Publisher, broker
from tests.protocol.opcua_stage import ServerChild, server_certificate
from tests.protocol.rtu_slave import PtyLine, RtuUnits, TcpSlave
from tests.protocol.tls_stage import Authority
from ui.theme import Theme

__all__ = ["broker"]
pytestmark = pytest.mark.timeout(120)

HIGH, LOW = struct.unpack(">HH", struct.pack(">f", 21.5))
REGISTERS = {10: HIGH, 11: LOW}


@pytest.fixture
def person(qtbot: QtBot, qapp: QApplication, theme: Theme, tmp_path: Path) -> Iterator[Person]:
    with person_on(qtbot, qapp, tmp_path / "plant") as seated:
        yield seated


def stored(person: Person, name: str) -> Tag:
    tag = person.tag(name)
    assert tag is not None, name
    return tag


# ---- MQTT


def test_topics_members_and_metrics_of_a_broker_become_live_values(person: Person, broker: Broker) -> None:
    """Plain, JSON and Sparkplug side by side, unencrypted because the tick says so."""
    with Publisher(broker.port) as device:
        device.send("hall/pump/temperature", "21.5", retain=True)
        device.send("hall/pump/state", '{"flow": 7, "mode": "auto", "on": true}', retain=True)
        person.begin("mqtt", "Broker", host="127.0.0.1", tls="", port=str(broker.port))
        assert "Nothing is signed" in person.test()
        person.press("Next: what it offers")
        plain = person.tick("hall", "pump", "temperature")
        flow = person.tick("hall", "pump", "state", "flow")
        mode = person.tick("hall", "pump", "state", "mode")
        state = person.tick("hall", "pump", "state", "on")
        node = EdgeNode(broker.port, node="Edge7")
        node.birth({"name": "Level", "datatype": 10, "double_value": 3.25})
        person.press("Read again")
        level = person.tick("spBv1.0", "Plant", "Edge7", "Level")
        person.press("Next: what it means")
        person.make_machine()
        for value, unit in ((plain, "degC"), (flow, "m3/h"), (level, "m")):
            person.mean(value, unit=unit)
        person.until(lambda: "21.5" in person.shown(plain))
        person.until(lambda: "7" in person.shown(flow) and person.shown(mode) == "auto")
        assert state.dtype is TagDtype.INT64
        person.connect()
        device.send("hall/pump/state", '{"flow": 7.5, "mode": "hand", "on": false}', retain=True)
        person.until(lambda: person.live(flow.name) == 7.5, limit_s=25)
        node.send("NDATA", "", {"name": "Level", "datatype": 10, "double_value": 3.5})
        node.birth({"name": "Level", "datatype": 10, "double_value": 3.75})
        person.until(lambda: person.live(level.name) == 3.75)
        assert person.live(plain.name) == 21.5
        node.publisher.vanish()


def test_a_broker_that_is_away_is_told_and_a_user_without_encryption_refused(
    person: Person, free_port: int
) -> None:
    person.begin("mqtt", "Broker", host="127.0.0.1", tls="", port=str(free_port))
    assert "power, cable" in person.test("Not connected")
    page = person.wizard.view.device
    page.more.click()
    page.rows["user"].enter("anna")  # type: ignore[attr-defined]
    person.press("Next: what it offers")
    assert person.wizard.draft.step == "device"
    assert "encrypted links only" in page.rows["user"].hint.text()
    page.rows["user"].enter("")  # type: ignore[attr-defined]
    person.press("Next: what it offers")
    browse = person.wizard.view.browse
    person.until(lambda: not browse.tree.isVisible())


# ---- Modbus


def settle_register(person: Person, name: str) -> None:
    """From step 2 to the stored value, seen in step 3 and by the collector."""
    person.press("Next: what it offers")
    person.type_register(name, "40011")
    person.press("Next: what it means")
    (value,) = person.wizard.draft.values
    person.make_machine()
    person.mean(value, unit="degC")
    person.until(lambda: "21.5" in person.shown(value))
    person.connect()
    person.until(lambda: person.live(name) == 21.5, limit_s=25)


def test_a_device_on_a_serial_line(person: Person, tmp_path: Path) -> None:
    line = PtyLine(RtuUnits(written=dict(REGISTERS)), link=tmp_path / "port")
    with served(line):
        person.begin("modbus_serial", "Line 1", port=str(line.link), unit="2", parity="none")
        person.test()
        settle_register(person, "P201 heat")


def test_a_device_behind_a_serial_server(person: Person) -> None:
    slave = TcpSlave(RtuUnits(written=dict(REGISTERS)))
    with served(slave):
        person.begin("modbus_rtu_tcp", "Gateway", host="127.0.0.1", port=str(slave.port), unit="3")
        person.test()
        settle_register(person, "P201 heat")


def test_a_device_that_speaks_secured_modbus(person: Person, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "plant")
    device = FaultServer(0, tls=authority.server_context(), written=dict(REGISTERS))
    with served(device):
        files = {
            name: str(authority.connection(device.port).options[name])
            for name in ("authority", "certificate", "key")
        }
        person.begin("modbus_tls", "Safe", host="127.0.0.1", port=str(device.port), **files)
        person.test()
        settle_register(person, "P201 heat")


# ---- files


def write_table(folder: Path, name: str, value: float) -> None:
    rows = "".join(f"2026-01-31 14:25:0{second},{value}\n" for second in range(5))
    (folder / name).write_text(f"time,Temperature\n{rows}", encoding="utf-8")


def write_sound(path: Path) -> None:
    samples = (8000 * np.sin(np.arange(8000) / 9)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_columns_and_sounds_of_a_folder_follow_the_next_files(person: Person, inbox: Path) -> None:
    write_table(inbox, "PumpA_2026-01-31.csv", 21.5)
    write_sound(inbox / "PumpA_20260131_142500.wav")
    person.begin("files", "Portable", path=str(inbox), after="leave")
    person.test()
    person.press("Next: what it offers")
    heat = person.tick("PumpA_2026-01-31.csv", "Temperature")
    sound = person.tick("PumpA_20260131_142500.wav", "1")
    assert (heat.address["file"], heat.name, sound.name) == ("PumpA_*.csv", "PumpA.Temperature", "PumpA.1")
    person.press("Next: what it means")
    person.make_machine()
    person.mean(heat, unit="degC")
    point = person.session.workstation.monitoring.plant.points[0]
    person.mean(sound, unit="g", point=str(point.id))
    person.until(lambda: "21.5" in person.shown(heat))
    person.connect()
    write_table(inbox, "PumpA_2026-02-01.csv", 22.5)
    person.until(lambda: person.live(heat.name) == 22.5, limit_s=40)
