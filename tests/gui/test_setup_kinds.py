"""Every kind of link through the real tab against a real peer, from the form to the collector's value.

SET-1, ACQ-2: real window, real collector, real brokers, servers, lines and folders.
"""

import asyncio
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from domain.plant.tags import Tag, TagDtype, TagKind
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
        person.read_again_until("spBv1.0")
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


def write_samples(path: Path) -> None:
    """Write what a portable instrument exports: seconds from the begin, and 2,000 samples of each."""
    rows = "".join(f"{n / 2000:.4f},{np.sin(n / 9):.5f}\n" for n in range(2000))
    path.write_text(f"time,Acceleration\n{rows}", encoding="utf-8")


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


def test_waveforms_of_the_next_file_are_stored_too(person: Person, inbox: Path) -> None:
    write_sound(inbox / "PumpA_0001.wav")
    person.begin("files", "Portable", path=str(inbox), after="move")
    person.press("Next: what it offers")
    sound = person.tick("PumpA_0001.wav", "1")
    person.press("Next: what it means")
    person.make_machine()
    panel = person.wizard.view.values.panel
    person.mean(sound, unit="g", point=str(person.session.workstation.monitoring.plant.points[0].id))
    assert panel.rows["file"].value() == "PumpA_*.wav"
    assert not panel.rows["wave"].isVisible(), "a file is a capture, whatever one wishes"
    panel.rows["file"].enter("")  # type: ignore[attr-defined]
    assert "Say which files" in panel.rows["file"].hint.text()
    panel.rows["file"].enter("pumpa*.WAV")  # type: ignore[attr-defined]
    person.press("Back")
    person.until(lambda: person.open("PumpA_0001.wav", "1").is_ticked)
    person.open("PumpA_0001.wav", "1").setCheckState(0, Qt.CheckState.Checked)
    assert len(person.wizard.draft.values) == 1, "another pattern brings the same channel"
    person.press("Next: what it means")
    person.connect()
    write_sound(inbox / "PUMPA_0002.wav")
    person.until(lambda: len(list((inbox / "taken").glob("*.wav"))) == 2, limit_s=40)
    assert stored(person, sound.name).address["file"] == "pumpa*.WAV"


def test_a_column_of_samples_becomes_a_waveform_with_its_rate(person: Person, inbox: Path) -> None:
    """It is taken as one in step 2; step 3 can still make single values of it, and the other way round."""
    write_samples(inbox / "PumpA_0001.csv")
    person.begin("files", "Portable", path=str(inbox), after="move")
    person.press("Next: what it offers")
    column = person.tick("PumpA_0001.csv", "Acceleration")
    assert (column.kind, column.sampling_rate_hz) == (TagKind.WAVEFORM, 2000.0)
    person.press("Next: what it means")
    person.make_machine()
    point = person.session.workstation.monitoring.plant.points[0]
    panel = person.wizard.view.values.panel
    for kind, is_wave in (("measured", False), ("waveform", True)):
        person.mean(column, kind=kind)
        assert panel.rows["kind"].isVisible()
        assert panel.rows["sampling_rate_hz"].isVisible() is is_wave
    assert panel.rows["sampling_rate_hz"].value() == "2000"
    assert (panel.rows["raw_days"].isVisible(), panel.rows["raw_days"].title.text()) == (
        True,
        "Keep its waveforms",
    )
    person.mean(column, unit="g", point=str(point.id), raw_days="30")
    person.connect()
    write_samples(inbox / "PumpA_0002.csv")
    person.until(lambda: len(list((inbox / "taken").glob("*.csv"))) == 2, limit_s=40)
    tag = stored(person, column.name)
    assert (tag.kind, tag.sampling_rate_hz, tag.keeping.raw_days) == (TagKind.WAVEFORM, 2000.0, 30)


def test_a_folder_that_is_not_there_is_told_by_its_name(person: Person, inbox: Path) -> None:
    person.begin("files", "Portable", path=str(inbox / "gone"))
    assert "gone cannot be read" in person.test("Not connected")


# ---- OPC UA


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the collector starts: it takes the word from its environment."""
    monkeypatch.setenv("JIDOKA_TEST_WORD", "quiet-river-42")


def secured_server(folder: Path, port: int, **options: object) -> ServerChild:
    own = server_certificate(folder / "server", **{k: options.pop(k) for k in ("hosts",) if k in options})  # type: ignore[arg-type]
    return ServerChild(port, certificate=str(own.certificate), key=str(own.key), **options)


def trust_it(person: Person) -> None:
    panel = person.wizard.view.device.test
    person.test("This server is not trusted yet")
    panel.trust.held.emit()
    person.until(lambda: not panel.sentence.text().startswith(("This server", "Asking")), limit_s=25)


def test_an_encrypted_server_with_user_arrays_words_and_flags(
    password: None, person: Person, tmp_path: Path, free_port: int
) -> None:
    """Basic256Sha256 and a password from the environment; the tree comes page by page, and is searched."""
    server = secured_server(
        tmp_path, free_port, users={"mia": "quiet-river-42"}, world=120, browse_page=25, arrays=1
    )
    server.launch()
    try:
        endpoint = f"opc.tcp://127.0.0.1:{free_port}/"
        person.begin("opcua", "OPC", endpoint=endpoint, user="mia", password_variable="JIDOKA_TEST_WORD")
        trust_it(person)
        assert person.wizard.view.device.test.sentence.text().startswith("Connected")
        person.press("Next: what it offers")
        person.open("Hall 7", "Crowd", "Value 119")
        speed = person.tick("Hall 7", "Pump", "Speed")
        batch = person.tick("Hall 7", "Pump", "Batch")
        shaking = person.tick("Hall 7", "Pump", "Shaking")
        assert (speed.unit, batch.dtype, shaking.sampling_rate_hz) == ("Hz", TagDtype.TEXT, 25_600.0)
        wave_ = person.tick("array.0")
        browse = person.wizard.view.browse
        browse.search.setText("value 11")
        browse.search.returnPressed.emit()
        person.until(lambda: "Value 117" in person.nodes())
        found = person.tick("Value 117")
        person.press("Next: what it means")
        person.make_machine()
        person.mean(wave_, unit="g")
        assert rows_to_do(person)[wave_.id] == "sampling rate missing, point missing"
        point = str(person.session.workstation.monitoring.plant.points[0].id)
        person.mean(wave_, point=point, sampling_rate_hz="1000")
        person.mean(shaking, unit="g", point=point)
        person.mean(found, unit="bar")
        person.until(lambda: "24.5" in person.shown(speed) and person.shown(batch) == "A-17")
        person.connect()
        person.until(lambda: person.live(speed.name) == 24.5 and person.live(found.name) == 117, limit_s=25)
    finally:
        server.kill()


def rows_to_do(person: Person) -> dict[object, str]:
    rows = person.wizard.view.values.table.rows
    return {row.value.id: row.to_do for row in map(rows.row, range(rows.rowCount()))}


def test_a_certificate_made_for_another_host_is_told_in_words(
    person: Person, tmp_path: Path, free_port: int
) -> None:
    server = secured_server(tmp_path, free_port, hosts=("10.9.8.7",))
    server.launch()
    try:
        person.begin("opcua", "OPC", endpoint=f"opc.tcp://127.0.0.1:{free_port}/")
        panel = person.wizard.view.device.test
        person.press("Test the device")
        person.until(lambda: not panel.cancel.isVisible(), limit_s=25)
        if panel.trust.isVisible():
            panel.trust.held.emit()
            person.until(lambda: panel.sentence.text() == "Not connected.", limit_s=25)
        assert "refused: made for another host" in panel.more.text()
        assert "Give the address in the endpoint" in panel.more.text()
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("status", "cure"),
    [(0x801A0000, "save ours"), (0x801F0000, "user and password"), (0x80560000, "has no room")],
)
def test_a_server_that_refuses_us_says_what_to_do_about_it(
    person: Person, free_port: int, status: int, cure: str
) -> None:
    server = ServerChild(free_port)
    server.launch()
    try:
        asyncio.run(server.tell("refuse", services=["CreateSession"], status=status))
        endpoint = f"opc.tcp://127.0.0.1:{free_port}/"
        person.begin("opcua", "OPC", endpoint=endpoint, security="None", waiver="yes")
        assert cure in person.test("Not connected")
    finally:
        server.kill()


def test_a_server_that_dies_while_it_is_browsed_is_told_and_asked_again(
    person: Person, free_port: int
) -> None:
    server = ServerChild(free_port, world=10)
    server.launch()
    person.begin("opcua", "OPC", endpoint=f"opc.tcp://127.0.0.1:{free_port}/", security="None", waiver="yes")
    person.press("Next: what it offers")
    browse = person.wizard.view.browse
    place = person.open("Hall 7")
    server.kill()
    place.setExpanded(True)
    person.until(lambda: "cannot be reached" in browse.said.text(), limit_s=25)
    assert browse.tree.isVisible(), "what is listed stays"
    server.launch()
    try:
        place.setExpanded(False)
        place.setExpanded(True)
        person.open("Hall 7", "Pump", "Speed")
    finally:
        server.kill()
