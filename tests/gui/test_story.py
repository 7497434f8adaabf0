"""The main job on the running demo: from an alarm to its bearing, and the same after a restart.

Must show 6: open the asset from an alarm, put a cursor on BPFO, acknowledge, restart, same state.
"""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from domain.condition.alarms import AlarmState
from domain.plant.bearings import defect_orders
from services.alarming import AlarmView
from services.clock import SystemClock
from tests.soak.demo_run import DemoRun
from ui.control_room import WindowSession
from ui.theme import Theme

pytestmark = pytest.mark.timeout(180)

FAST_PACE = 60_000.0
"""At this pace the first fault is severe after twenty seconds."""

FAULTY = "FL2.DE.outer_race"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    run = DemoRun(tmp_path_factory.mktemp("story") / "demo", for_s=150, pace=FAST_PACE)
    try:
        run.start()
        yield run
    finally:
        run.abandon()


def open_window(qtbot: QtBot, qapp: QApplication, folder: Path, address: str) -> WindowSession:
    session = WindowSession(qapp, folder, clock=SystemClock())
    session.start(address=address, width=1920, height=1080)
    qtbot.waitUntil(lambda: session.is_attached, timeout=15_000)
    return session


def outer_race_alarm(session: WindowSession) -> AlarmView | None:
    listed = session.workstation.alarming.listed()
    return next((each for each in listed if each.tag and each.tag.name == FAULTY), None)


def test_from_an_alarm_to_its_bearing_and_back(
    qtbot: QtBot, qapp: QApplication, theme: Theme, demo: DemoRun
) -> None:
    session = open_window(qtbot, qapp, demo.folder, "overview")
    qtbot.waitUntil(lambda: outer_race_alarm(session) is not None, timeout=60_000)
    found = outer_race_alarm(session)
    assert found is not None
    window = session.room.window
    shown = window.strip.rows
    qtbot.waitUntil(lambda: found.alarm.id in {row.id for row in shown.shown}, timeout=5000)
    (in_strip,) = (row for row in shown.shown if row.id == found.alarm.id)
    assert in_strip.respond_within_s == found.rule.respond_within_s, "the whole time, not what is left of it"

    window.navigator.go(f"alarms/{found.alarm.id}")
    alarms = window.front
    qtbot.waitUntil(lambda: alarms.content.selected() == [found.alarm.id], timeout=5000)
    qtbot.keyClick(alarms.content.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.navigator.current.room == "asset", timeout=5000)
    machine = session.workstation.monitoring.plant.machine_of(found.rule.asset_id)
    assert window.front.breadcrumb[-1][0] == machine.name

    envelope = _put_cursor_on_bpfo(qtbot, session, found)
    qtbot.waitUntil(lambda: "BPFO" in envelope.readout.words, timeout=20_000)

    _acknowledge(qtbot, session, found.alarm.id)
    session.close()

    again = open_window(qtbot, qapp, demo.folder, f"alarms/{found.alarm.id}")
    kept = again.workstation.alarming.get(found.alarm.id).alarm
    assert kept.state is AlarmState.ACKNOWLEDGED
    assert kept.acknowledged_by
    assert again.room.window.navigator.current.room == "alarms"
    again.close()


def _put_cursor_on_bpfo(qtbot: QtBot, session: WindowSession, found: AlarmView) -> object:
    point = session.workstation.monitoring.plant.point(found.tag.point_id)
    session.room.window.navigator.go(f"analysis/{point.id}")
    analysis = session.room.window.front
    envelope = analysis.page.envelope
    qtbot.waitUntil(lambda: envelope.amplitude_at(100.0) is not None, timeout=10_000)
    live = session.workstation.live
    qtbot.waitUntil(lambda: live.values([point.speed_tag_key]).value[0] > 1000, timeout=30_000)
    speed_hz = live.values([point.speed_tag_key]).value[0] / 60
    envelope.put_cursor(defect_orders(point.bearing).bpfo * speed_hz)
    return envelope


def _acknowledge(qtbot: QtBot, session: WindowSession, alarm_id: UUID) -> None:
    session.room.window.navigator.go(f"alarms/{alarm_id}")
    alarms = session.room.window.front
    qtbot.waitUntil(lambda: alarms.content.selected() == [alarm_id], timeout=5000)
    session.room.window.do("acknowledge")
    get = session.workstation.alarming.get
    qtbot.waitUntil(lambda: get(alarm_id).alarm.state is AlarmState.ACKNOWLEDGED, timeout=5000)
