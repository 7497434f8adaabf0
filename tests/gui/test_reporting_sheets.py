"""Readings by hand and observations through the asset screen, on the real store [ACQ-5, ACQ-6, NEW-2]."""

import gc
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from domain.condition.evidence import ManualReading, MissReason, ObservationKind
from domain.errors import NotPermitted
from domain.events import PlantChanged, ReportsChanged
from domain.identifiers import new_id
from domain.plant.assets import MeasurementPoint, Technique
from domain.plant.tags import Tag, TagKind
from domain.roles import Actor, Role
from services.access import program_actor
from services.report_drafts import OBSERVATION, ROUND, ReportDraft, ReportDrafts
from services.reporting import Reporting
from services.reports import NewReading
from tests.gui.plant_stage import CRITICAL, DAY, DP1, FL2, MINUTE, POINTS, Stage, make_stage, put_away, settle
from ui.formatting import PlantTime
from ui.screens.alarm_words import EventRow
from ui.screens.asset import make_asset
from ui.screens.asset.screen import AssetScreen
from ui.screens.reporting import keeper
from ui.screens.reporting.drafts import LineDraft, Moment, ObservationDraft, ReportingDrafts, RoundDraft
from ui.screens.reporting.entry import TypedValue, typed_value
from ui.screens.reporting.words import ReportRow
from ui.theme import Theme
from ui.widgets.drawer import Drawer

CURRENT, OIL, SEAL = 101, 102, 103
SUPPLY = MeasurementPoint(new_id(), FL2.id, "Supply", Technique.CURRENT)
OTTO = Actor(UUID(int=6), Role.OPERATOR, "ws-2", "Otto")
PIA = Actor(UUID(int=5), Role.TECHNICIAN, "ws-1", "Pia")
GUEST = Actor(UUID(int=9), Role.VIEWER, "ws-3", "Guest")
KEY = Qt.Key
FOREVER = {"start_us": 0, "end_us": 2**62}


def _by_hand(key: int, label: str, unit: str, **more: object) -> Tag:
    return Tag(new_id(), key, f"FL2.{key}", label, TagKind.MEASURED, unit, FL2.id, **more)  # type: ignore[arg-type]


BY_HAND = (
    _by_hand(CURRENT, "Motor current", "A", point_id=SUPPLY.id, low=0.0, high=100.0, normal_low=2.0,
             normal_high=10.0, digits=1),
    _by_hand(OIL, "Oil temperature", "degC", low=-20.0, high=150.0),
    _by_hand(SEAL, "Seal leakage", "l/min", low=0.0),
)  # fmt: skip


class Scene:
    """The asset screen of FL2 with a real drawer over it."""

    def __init__(self, stage: Stage, qtbot: QtBot) -> None:
        self.stage, self._qtbot = stage, qtbot
        self.host = QWidget()
        self.drawer = Drawer(self.host)
        context = replace(
            stage.context, open_drawer=self.drawer.open_with, close_drawer=self.drawer.close_drawer
        )
        made = make_asset(stage.workstation)(context)
        assert isinstance(made, AssetScreen)
        self.screen = made
        layout = QVBoxLayout(self.host)
        layout.addWidget(made.view)
        self.host.resize(1804, 884)
        self.host.show()
        self.drawer.raise_()
        made.open(str(FL2.id))
        self.wait(lambda: made.presenter.stack is not None)

    def wait(self, done: Callable[[], bool]) -> None:
        settle(self._qtbot, self.stage, self.screen.refresh, done)

    def act(self, name: str) -> None:
        assert self.screen.act(name)

    def open_round(self) -> None:
        """Ask for the readings and wait until the lines are there."""
        self.act("enter_readings")
        self.wait(lambda: self.screen.desk.round.lines != {} and self.drawer.isVisible())

    def type_into(self, key: int, words: str) -> None:
        self._qtbot.keyClicks(self.screen.desk.round.lines[key].field, words)

    def press(self, key: Qt.Key, *, control: bool = False) -> None:
        """Press a key where the focus is."""
        modifier = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
        self._qtbot.keyClick(focus(), key, modifier)

    @property
    def events(self) -> tuple[EventRow | ReportRow, ...]:
        stack = self.screen.presenter.stack
        return () if stack is None else stack.events

    @property
    def reports(self) -> list[str]:
        return [row.message for row in self.events if isinstance(row, ReportRow)]

    def close(self) -> None:
        self.screen.close()
        self.drawer.empty()
        put_away(self.host)


def focus() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made, heard = make_stage(tmp_path), threading.Event()
    leave = made.workstation.events.subscribe(lambda event: heard.set())
    with made.writer.unit_of_work(program_actor("test")) as work:
        work.plant.save_point(SUPPLY)
        for tag in BY_HAND:
            work.plant.save_tag(tag)
    assert heard.wait(5), "the tests begin after the set-up was heard"
    leave()
    made.workstation.reload()
    made.workstation.actor = OTTO
    yield made
    made.close()


@pytest.fixture
def scene(stage: Stage, qtbot: QtBot) -> Iterator[Scene]:
    made = Scene(stage, qtbot)
    yield made
    made.close()


def record(stage: Stage, value: float, *, by: Actor = OTTO, minutes_ago: int = 30) -> ManualReading:
    reporting = Reporting(stage.writer, clock=stage.context.clock)
    taken_us = stage.now_us - minutes_ago * MINUTE
    return reporting.record_reading(NewReading(CURRENT, value, taken_us=taken_us), by=by).reading


def stored(stage: Stage) -> list[ManualReading]:
    return list(stage.writer.manual_readings.of_tags([CURRENT, OIL, SEAL], **FOREVER))


# ---- observations


def test_an_observation_takes_one_key_a_few_words_and_one_key(
    scene: Scene, stage: Stage, qtbot: QtBot
) -> None:
    """ACQ-6: it is evidence on the asset and stands in its events at once."""
    scene.act("observe")
    qtbot.keyClick(focus(), KEY.Key_5)
    qtbot.keyClicks(focus(), "oil below the gearbox")
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: scene.reports == ["Leak: oil below the gearbox"])
    (seen,) = stage.writer.observations.of_assets([FL2.id], **FOREVER)
    assert (seen.kind, seen.author, seen.point_id) == (ObservationKind.LEAK, "Otto", None)
    sheet = scene.screen.desk.observation
    assert sheet._told.text().startswith("Sent: Leak")
    assert sheet.draft.kind is None, "ready for the next one"
    assert scene.drawer.isVisible()
    scene.press(KEY.Key_Escape)
    assert not scene.drawer.isVisible()


def test_where_and_when_it_was_noticed(scene: Scene, stage: Stage) -> None:
    scene.act("observe")
    sheet = scene.screen.desk.observation
    sheet._place.setCurrentIndex(sheet._place.findText("Motor DE"))
    sheet._place.activated.emit(sheet._place.currentIndex())
    sheet._tiles.press(1)
    sheet._when._buttons._buttons["60"].click()
    sheet._send.click()
    scene.wait(lambda: scene.reports == ["Noise, Motor DE"])
    (seen,) = stage.writer.observations.of_assets([FL2.id], **FOREVER)
    assert seen.point_id == POINTS[2].id
    assert stage.now_us - seen.observed_us == pytest.approx(60 * MINUTE, abs=MINUTE)
    marks = scene.screen.presenter.stack.marks
    assert [mark.symbol for at_us, mark in marks if at_us == seen.observed_us] == ["observation"]


def test_an_alarm_is_never_covered_by_a_report(scene: Scene, stage: Stage) -> None:
    """The HMI guide, rule 5: on the time axis alarms are drawn last."""
    stage.raise_alarm(CRITICAL)
    scene.screen.desk.presenter.observations[FL2.id] = ObservationDraft(ObservationKind.HEAT)
    scene.act("observe")
    scene.screen.desk.observation._send.click()
    scene.wait(lambda: len(scene.events) == 2)
    symbols = [mark.symbol for _, mark in scene.screen.presenter.stack.marks]
    assert symbols[0] == "observation"
    assert symbols[1].priority is CRITICAL.priority
    assert [type(row) for row in scene.events] == [ReportRow, EventRow]


def test_what_is_missing_is_said_at_its_field(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    scene.act("observe")
    sheet = scene.screen.desk.observation
    scene.press(KEY.Key_Return, control=True)
    assert "Choose what you noticed" in sheet._kind_hint.text()
    qtbot.keyClick(focus(), KEY.Key_7)
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: "few words" in sheet._text_hint.text())
    assert sheet._text.property("wrong")
    assert focus() is sheet._text
    qtbot.keyClicks(focus(), "belt dust")
    assert not sheet._text.property("wrong")
    assert stage.problems == []


def test_what_was_begun_survives_the_drawer_for_each_machine(scene: Scene, qtbot: QtBot) -> None:
    """The HMI guide: nothing is lost."""
    scene.act("observe")
    qtbot.keyClick(focus(), KEY.Key_2)
    qtbot.keyClicks(focus(), "burnt")
    scene.press(KEY.Key_Escape)
    scene.screen.open(str(DP1.id))
    scene.act("observe")
    sheet = scene.screen.desk.observation
    assert (sheet.draft.kind, sheet.draft.text) == (None, "")
    scene.press(KEY.Key_Escape)
    scene.screen.open(str(FL2.id))
    scene.act("observe")
    assert (sheet.draft.kind, sheet.draft.text) == (ObservationKind.SMELL, "burnt")
    assert sheet._text.toPlainText() == "burnt"


def test_what_was_begun_survives_screens_built_anew(stage: Stage, qtbot: QtBot) -> None:
    """A changed set-up rebuilds the screens; nobody types twice."""
    first = Scene(stage, qtbot)
    first.open_round()
    first.type_into(OIL, "61")
    first.close()
    again = Scene(stage, qtbot)
    again.open_round()
    assert again.screen.desk.round.lines[OIL].field.text() == "61"
    again.close()


def head(scene: Scene) -> str:
    """Return what stands under the name of the machine."""
    return scene.screen.content.header._about.accessibleName()


def waited_words(stage: Stage, kept_us: int) -> str:
    """Return what a sheet says of a draft that it brought back: when it was kept, not when it was begun."""
    time = stage.context.plant_time().brief(kept_us, now_us=stage.now_us)
    return f"Kept {time}, not sent yet."


def another_window(stage: Stage, qtbot: QtBot) -> Scene:
    """Open the machine in a window that shares nothing but the database with the one before."""
    stage.context = replace(stage.context, drafts={})
    return Scene(stage, qtbot)


def test_what_was_begun_comes_back_after_a_crash_and_goes_when_it_is_sent(
    scene: Scene, stage: Stage, qtbot: QtBot
) -> None:
    """Nothing is told to the first window: it is as if it had been killed a moment after the last key."""
    scene.act("observe")
    qtbot.keyClick(focus(), KEY.Key_2)
    qtbot.keyClicks(focus(), "burnt")
    scene.open_round()
    scene.type_into(OIL, "61,5")
    scene.wait(lambda: len(stage.writer.drafts.open_ones()) == 2)
    again = another_window(stage, qtbot)
    again.open_round()
    desk = again.screen.desk
    assert desk.round.lines[OIL].field.text() == "61,5"
    kept_us = {each.kind: each.kept_us for each in ReportDrafts(stage.writer).begun(by=OTTO)}
    assert desk.round.told == waited_words(stage, kept_us[ROUND])
    again.wait(lambda: head(again).startswith("Observation and readings begun, "))
    again.act("observe")
    assert (desk.observation.draft.kind, desk.observation.draft.text) == (ObservationKind.SMELL, "burnt")
    assert desk.observation._told.text() == waited_words(stage, kept_us[OBSERVATION])
    desk.observation._send.click()
    again.wait(lambda: again.reports == ["Smell: burnt"])
    again.open_round()
    desk.round._send.click()
    again.wait(lambda: len(again.reports) == 2 and not stage.writer.drafts.open_ones())
    again.wait(lambda: "begun" not in head(again))
    again.close()
    third = another_window(stage, qtbot)
    third.open_round()
    assert third.screen.desk.round.draft.lines == {}
    third.close()


def wait_for_the_lane(stage: Stage) -> None:
    """Wait until the lane has worked, as a window that is killed before it hears of it."""
    worked = threading.Event()
    stage.tasks.run(worked.set)
    assert worked.wait(8)


def test_what_was_sent_never_comes_back_however_early_the_crash(scene: Scene, stage: Stage) -> None:
    """A report and the end of its draft are one transaction; what was refused stays."""
    scene.act("observe")
    scene.screen.desk.observation._tiles.press(3)
    scene.open_round()
    scene.type_into(OIL, "61")
    scene.type_into(CURRENT, "850")
    scene.wait(lambda: len(stage.writer.drafts.open_ones()) == 2)
    scene.screen.desk.round._send.click()
    wait_for_the_lane(stage)
    assert [each.tag_key for each in stored(stage)] == [OIL]
    left = {each.kind: each.content for each in ReportDrafts(stage.writer).begun(by=OTTO)}
    assert list(left[ROUND]["lines"]) == [str(CURRENT)]
    scene.wait(lambda: stage.tasks.pending == 0)
    scene.act("observe")
    scene.screen.desk.observation._send.click()
    wait_for_the_lane(stage)
    assert [each.kind for each in ReportDrafts(stage.writer).begun(by=OTTO)] == [ROUND]
    scene.wait(lambda: stage.tasks.pending == 0)


def test_closing_a_window_at_once_keeps_the_last_word(stage: Stage, qtbot: QtBot) -> None:
    first = Scene(stage, qtbot)
    first.act("observe")
    qtbot.keyClick(focus(), KEY.Key_2)
    qtbot.keyClicks(focus(), "burnt")
    first.close()
    again = another_window(stage, qtbot)
    again.act("observe")
    again.wait(lambda: again.screen.desk.observation.draft.text == "burnt")
    again.close()


def test_a_window_that_is_not_drawn_keeps_too(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    """Minimised a moment after the last key: nothing is drawn from here on."""
    scene.open_round()
    scene.type_into(OIL, "61")
    scene.host.showMinimized()
    qtbot.waitUntil(lambda: len(stage.writer.drafts.open_ones()) == 1)


def test_a_draft_of_somebody_else_is_not_brought_back(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    scene.open_round()
    scene.type_into(OIL, "61")
    scene.wait(lambda: len(stage.writer.drafts.open_ones()) == 1)
    stage.workstation.actor = PIA
    again = another_window(stage, qtbot)
    again.open_round()
    assert again.screen.desk.round.lines[OIL].field.text() == ""
    again.close()


def test_a_draft_of_another_version_stops_none_of_the_others(
    stage: Stage, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    odd = ReportDraft(OBSERVATION, DP1.id, {"kind": "taste"})
    good = ReportDraft(OBSERVATION, FL2.id, ObservationDraft(ObservationKind.HEAT).to_plain())
    ReportDrafts(stage.writer).keep([odd, good], by=OTTO)
    scene = Scene(stage, qtbot)
    scene.act("observe")
    scene.wait(lambda: scene.screen.desk.observation.draft.kind is ObservationKind.HEAT)
    assert "another version" in caplog.text
    scene.close()


def test_a_database_that_refuses_to_keep_is_told_once_and_nothing_typed_is_lost(
    scene: Scene, stage: Stage
) -> None:
    scene.open_round()
    stage.workstation.actor = GUEST  # a right that was taken away meanwhile
    for words in ("6", "1"):
        scene.type_into(OIL, words)
        scene.screen.on_hidden()
        scene.wait(lambda: stage.tasks.pending == 0)
    assert [type(problem) for problem in stage.problems] == [NotPermitted]
    assert scene.screen.desk.round.lines[OIL].field.text() == "61"


@contextmanager
def outage(stage: Stage) -> Iterator[None]:
    """Let the database refuse every question about drafts."""
    with closing(sqlite3.connect(stage.workstation.store.folder.plant_db)) as database:
        database.execute("ALTER TABLE drafts RENAME TO drafts_away")
        yield
        database.execute("ALTER TABLE drafts_away RENAME TO drafts")


def keep_in_vain(scene: Scene, stage: Stage) -> None:
    """Keep, and wait until the database has refused."""
    scene.screen.on_hidden()
    scene.wait(lambda: stage.problems != [] and stage.tasks.pending == 0)


def test_what_could_not_be_kept_is_tried_again_by_itself(
    scene: Scene, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TRY_AGAIN_AFTER_S", 0.05)
    scene.open_round()
    with outage(stage):
        scene.type_into(OIL, "61")
        keep_in_vain(scene, stage)
    scene.wait(lambda: len(stage.writer.drafts.open_ones()) == 1)


def test_closing_in_good_order_keeps_what_an_outage_refused(stage: Stage, qtbot: QtBot) -> None:
    first = Scene(stage, qtbot)
    first.open_round()
    with outage(stage):
        first.type_into(OIL, "61")
        keep_in_vain(first, stage)
    first.close()
    qtbot.waitUntil(lambda: len(stage.writer.drafts.open_ones()) == 1)


def keep_yesterday(stage: Stage, lines: dict[int, str]) -> None:
    """Leave a round behind as a window before this one did."""
    round_ = RoundDraft(lines={key: LineDraft(words) for key, words in lines.items()})
    ReportDrafts(stage.writer).keep([ReportDraft(ROUND, FL2.id, round_.to_plain())], by=OTTO)


def kept_words(stage: Stage) -> dict[int, str]:
    """Return the lines of the one round that is kept."""
    (row,) = ReportDrafts(stage.writer).begun(by=OTTO)
    return {int(key): line["words"] for key, line in row.content["lines"].items()}


def typed_words(scene: Scene) -> dict[int, str]:
    return {key: line.field.text() for key, line in scene.screen.desk.round.lines.items()}


def test_a_first_read_that_fails_is_tried_again_and_loses_nothing(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed meanwhile stands over what was kept, line by line, and the focus stays."""
    monkeypatch.setattr(keeper, "TRY_AGAIN_AFTER_S", 0.05)
    keep_yesterday(stage, {OIL: "61", SEAL: "0.4"})
    with outage(stage):
        scene = Scene(stage, qtbot)
        scene.open_round()
        scene.type_into(CURRENT, "8")
        scene.type_into(OIL, "62")
        scene.screen.desk.round.begin(OIL)
        scene.wait(lambda: stage.problems != [])
    scene.wait(lambda: typed_words(scene) == {CURRENT: "8", OIL: "62", SEAL: "0.4"})
    assert focus() is scene.screen.desk.round.lines[OIL].field
    scene.wait(lambda: kept_words(stage) == {CURRENT: "8", OIL: "62", SEAL: "0.4"})
    assert len(stage.problems) == 1
    scene.close()


def test_closing_before_anything_was_read_keeps_both(stage: Stage, qtbot: QtBot) -> None:
    keep_yesterday(stage, {OIL: "61", SEAL: "0.4"})
    with outage(stage):
        scene = Scene(stage, qtbot)
        scene.open_round()
        scene.type_into(OIL, "62")
        scene.wait(lambda: stage.problems != [])
    scene.close()
    qtbot.waitUntil(lambda: kept_words(stage) == {OIL: "62", SEAL: "0.4"})


def test_sending_before_anything_was_read_leaves_what_waits(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TRY_AGAIN_AFTER_S", 0.05)
    keep_yesterday(stage, {SEAL: "0.4"})
    with outage(stage):
        scene = Scene(stage, qtbot)
        scene.open_round()
        scene.type_into(OIL, "62")
        scene.wait(lambda: stage.problems != [])
        scene.screen.desk.round._send.click()
        scene.wait(lambda: [each.tag_key for each in stored(stage)] == [OIL])
    scene.wait(lambda: typed_words(scene) == {CURRENT: "", OIL: "", SEAL: "0.4"})
    scene.close()
    again = another_window(stage, qtbot)
    again.open_round()
    again.wait(lambda: typed_words(again) == {CURRENT: "", OIL: "", SEAL: "0.4"})
    again.close()


def test_screens_built_anew_before_the_answer_still_bring_back(stage: Stage, qtbot: QtBot) -> None:
    keep_yesterday(stage, {OIL: "61"})
    answer = threading.Event()
    stage.tasks.run(answer.wait)
    first = make_asset(stage.workstation)(stage.context)
    first.close()
    put_away(first.view)
    stage.context.refresh.tick()  # lets go of what is not seen any more
    del first
    gc.collect()
    answer.set()
    again = Scene(stage, qtbot)
    again.open_round()
    again.wait(lambda: typed_words(again)[OIL] == "61")
    again.close()


def test_now_that_was_typed_yesterday_stays_yesterday(stage: Stage, qtbot: QtBot) -> None:
    """The instant of the last key counts, however late it was kept, until somebody chooses now again."""
    yesterday_us = stage.now_us - DAY
    drafts = ReportingDrafts()
    drafts.rounds[FL2.id] = RoundDraft(lines={OIL: LineDraft("61")})
    drafts.observations[FL2.id] = ObservationDraft(ObservationKind.HEAT)
    for kind in (ROUND, OBSERVATION):
        drafts.unkept[kind, FL2.id] = yesterday_us
        ReportDrafts(stage.writer).keep([ReportDraft(kind, FL2.id, drafts.plain((kind, FL2.id)))], by=OTTO)
    scene = Scene(stage, qtbot)
    scene.open_round()
    desk = scene.screen.desk
    assert desk.round._when._clock.text() == PlantTime("Europe/Berlin").brief(
        yesterday_us, now_us=stage.now_us
    )
    assert desk.round._when._with_typed.current == "typed"
    desk.round._send.click()
    scene.wait(lambda: [each.taken_us for each in stored(stage)] == [yesterday_us])
    scene.act("observe")
    desk.observation._when._with_typed._buttons["0"].click()
    desk.observation._send.click()
    scene.wait(lambda: scene.reports == ["Heat"])
    (seen,) = stage.writer.observations.of_assets([FL2.id], **FOREVER)
    assert stage.now_us - seen.observed_us < MINUTE
    scene.close()


def test_the_instant_of_the_last_key_is_kept_with_now(scene: Scene, stage: Stage) -> None:
    scene.open_round()
    before_us = stage.now_us
    scene.type_into(OIL, "61")
    after_us = stage.now_us
    scene.wait(lambda: stage.writer.drafts.open_ones() != ())
    (row,) = ReportDrafts(stage.writer).begun(by=OTTO)
    assert row.content["when"]["minutes_ago"] == 0
    assert before_us <= row.content["when"]["at_us"] <= after_us < row.kept_us
    assert scene.screen.desk.round.draft.when == Moment(), "in this window it is still now"


@pytest.mark.parametrize(
    ("typed", "both"),
    [
        (ObservationDraft(), ObservationDraft(ObservationKind.SMELL, text="burnt", when=Moment(15, 7))),
        (
            ObservationDraft(ObservationKind.HEAT),
            ObservationDraft(ObservationKind.HEAT, text="burnt", when=Moment(15, 7)),
        ),
        (ObservationDraft(ObservationKind.HEAT, text="hot"), None),
    ],
)
def test_the_time_of_an_observation_stays_while_something_of_it_stays(
    typed: ObservationDraft, both: ObservationDraft | None
) -> None:
    kept = ObservationDraft(ObservationKind.SMELL, text="burnt", when=Moment(15, 7))
    assert typed.over(kept) == (typed if both is None else both)


def test_another_workstation_is_heard(scene: Scene, stage: Stage) -> None:
    """NEW-31: events of people reach this window, and nobody loads the set-up for them."""
    heard: list[object] = []
    stage.context.events.listen_to(stage.workstation.events)
    stage.context.events.delivered.connect(heard.extend)
    Reporting(stage.writer, clock=stage.context.clock).observe(
        FL2.id, ObservationKind.HEAT, text="hot to the hand", by=PIA
    )
    scene.wait(lambda: scene.reports == ["Heat: hot to the hand"])
    assert ReportsChanged() in heard
    assert PlantChanged() not in heard


# ---- rounds


def test_a_round_is_typed_from_field_to_field_and_sent_together(scene: Scene, stage: Stage) -> None:
    """ACQ-5: comma and typed unit, Enter to the next field, one transaction."""
    scene.open_round()
    sheet = scene.screen.desk.round
    assert list(sheet.lines) == [CURRENT, OIL, SEAL]
    assert focus() is sheet.lines[CURRENT].field
    scene.type_into(CURRENT, "8500,0 mA")
    assert "= 8.5 A" in sheet.lines[CURRENT].hint
    scene.press(KEY.Key_Return)
    assert focus() is sheet.lines[OIL].field
    scene.type_into(OIL, "61")
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: len(scene.reports) == 2)
    assert {(each.tag_key, each.value, each.author) for each in stored(stage)} == {
        (CURRENT, 8.5, "Otto"), (OIL, 61.0, "Otto"),
    }  # fmt: skip
    assert sheet.told.startswith("Stored: 2")
    assert sheet.lines[CURRENT].field.text() == ""
    assert "last 8.5 A" in sheet.lines[CURRENT]._last.text()


def test_nonsense_stays_with_its_reason_and_the_rest_is_stored(scene: Scene, stage: Stage) -> None:
    scene.open_round()
    scene.type_into(CURRENT, "850")
    scene.type_into(OIL, "sixty")
    scene.type_into(SEAL, "0.4 l/min")
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: scene.reports == ["Seal leakage 0.4 l/min"])
    lines = scene.screen.desk.round.lines
    assert [each.tag_key for each in stored(stage)] == [SEAL]
    assert (lines[CURRENT].field.text(), lines[OIL].field.text()) == ("850", "sixty")
    assert "between 0.0 and 100.0 A" in lines[CURRENT].hint
    assert "Enter a number" in lines[OIL].hint
    assert lines[CURRENT].field.property("wrong")
    assert focus() is lines[CURRENT].field


def test_an_unusual_value_is_pointed_out_calmly_and_can_be_sent(scene: Scene, stage: Stage) -> None:
    scene.open_round()
    scene.type_into(CURRENT, "11")
    line = scene.screen.desk.round.lines[CURRENT]
    assert line.hint == "!  11.0 A, usual 2.0 to 10.0 A. Read again?"
    assert not line.field.property("wrong")
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: [each.value for each in stored(stage)] == [11.0])


def test_what_cannot_be_measured_is_sent_with_its_reason(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    """ACQ-5: the reason stands in the events; another reason asks for words."""
    scene.open_round()
    lines = scene.screen.desk.round.lines
    lines[SEAL]._miss_button.click()
    lines[OIL]._miss_button.click()
    reason = lines[OIL]._reason
    reason.setCurrentIndex(reason.findData(MissReason.OTHER.value))
    reason.activated.emit(reason.currentIndex())
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: scene.reports == ["Seal leakage not measured: machine stands still"])
    line = scene.screen.desk.round.lines[OIL]
    assert "why it could not be measured" in line.hint
    qtbot.keyClicks(line._note, "dipstick broken")
    scene.press(KEY.Key_Return, control=True)
    scene.wait(lambda: "Oil temperature not measured: dipstick broken" in scene.reports)
    (act,) = [each for each in stage.writer.audit.entries(**FOREVER) if "dipstick" in str(each.detail)]
    assert (act.action, act.user_name) == ("miss", "Otto")
    row = next(each for each in scene.events if each.message.endswith("dipstick broken"))
    scene.screen.content.events._open(row.id)
    past = scene.screen.desk.past
    scene.wait(lambda: past.isVisible() and past.current is not None)
    assert past.told == "Not measured: dipstick broken. Otto"
    assert not past.correct.isVisible(), "there is no value to correct"


def test_a_round_begun_survives_the_drawer(scene: Scene) -> None:
    scene.open_round()
    scene.type_into(OIL, "61,5")
    scene.screen.desk.round.lines[OIL]._note_button.click()
    scene.press(KEY.Key_Escape)
    scene.open_round()
    assert scene.screen.desk.round.lines[OIL].field.text() == "61,5"


def test_a_machine_without_values_by_hand_says_why(scene: Scene) -> None:
    scene.screen.open(str(DP1.id))
    scene.act("enter_readings")
    pages = scene.screen.desk.round._pages
    scene.wait(lambda: pages.currentIndex() == 1)
    assert pages.currentWidget().accessibleName() == "No value of this machine is read by hand."


# ---- past readings and corrections


def test_a_wrong_reading_is_corrected_with_a_reason(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    """ACQ-5: before, after and who stay on record; the events say that it was corrected."""
    wrong = record(stage, 85.0)
    scene.open_round()
    scene.screen.desk.round.lines[CURRENT]._past.click()
    past = scene.screen.desk.past
    scene.wait(lambda: past.isVisible() and past.current is not None)
    past.correct.click()
    qtbot.keyClicks(focus(), "8,5")
    scene.press(KEY.Key_Return)
    scene.press(KEY.Key_Return)
    scene.wait(lambda: "few words" in past.form._reason_hint.text())
    qtbot.keyClicks(focus(), "decimal point")
    scene.press(KEY.Key_Return)
    scene.wait(lambda: "Motor current 8.5 A, corrected" in scene.reports)
    assert stage.writer.manual_readings.get(wrong.id).value == 8.5
    assert "85.0 \u2192 8.5 A. Reason: decimal point" in past.told
    assert "Corrected by Otto" in past.told


def test_an_operator_sees_who_may_correct_the_reading_of_another(scene: Scene, stage: Stage) -> None:
    """ROL-1: visible, disabled, with the roles that may."""
    hers = record(stage, 8.0, by=PIA)
    scene.screen.presenter.reports_changed()
    scene.wait(lambda: scene.reports == ["Motor current 8.0 A"])
    table = scene.screen.content.events.table
    table.select(hers.id)
    scene.screen.content.events._open(hers.id)
    past = scene.screen.desk.past
    scene.wait(lambda: past.isVisible() and past.current is not None)
    assert past.correct.isVisible()
    assert not past.correct.isEnabled()
    assert "Technician" in past.told


def test_escape_leaves_the_correction_before_the_drawer(scene: Scene, stage: Stage) -> None:
    record(stage, 8.0)
    scene.open_round()
    scene.screen.desk.round.lines[CURRENT]._past.click()
    past = scene.screen.desk.past
    scene.wait(lambda: past.isVisible() and past.current is not None)
    past.correct.click()
    scene.press(KEY.Key_Escape)
    assert not past.form.isVisible()
    assert scene.drawer.isVisible()
    past._back.click()
    scene.wait(lambda: scene.screen.desk.round.isVisible())


def test_an_observation_in_the_events_opens_in_full(scene: Scene, stage: Stage, qtbot: QtBot) -> None:
    """NEW-2: alarms and reports in one row of time, told apart by their symbol."""
    view = Reporting(stage.writer, clock=stage.context.clock).observe(
        FL2.id, ObservationKind.NOISE, text="grinding", by=PIA, point_id=POINTS[2].id
    )
    scene.screen.presenter.reports_changed()
    scene.wait(lambda: scene.reports == ["Noise: grinding"])
    table = scene.screen.content.events.table
    table.select(view.id)
    qtbot.keyClick(table, KEY.Key_Return)
    detail = scene.screen.desk.detail
    assert detail.isVisible()
    assert (detail.text.text(), detail._kind.text()) == ("grinding", "Noise")
    assert "Pia" in detail._who.text()
    assert "Motor DE" in detail._where.text()


def test_who_only_looks_reports_nothing_and_sees_who_may(stage: Stage, qtbot: QtBot) -> None:
    """ROL-1, F69."""
    stage.workstation.actor = GUEST
    record(stage, 8.0)
    scene = Scene(stage, qtbot)
    button = scene.screen.content.header._observation
    assert not button.isEnabled()
    assert "Operator" in button.toolTip()
    scene.act("observe")
    assert not scene.drawer.isVisible()
    scene.open_round()
    sheet = scene.screen.desk.round
    assert not sheet._send.isEnabled()
    assert not sheet.lines[CURRENT].field.isEnabled()
    assert "Technician" in sheet._no_right.text()
    assert sheet.lines[CURRENT]._past.isEnabled(), "looking is allowed"
    scene.close()


# ---- typed values


@pytest.mark.parametrize(
    ("words", "value", "unit"),
    [
        ("7,1 mm/s", 7.1, "mm/s"), ("7.1", 7.1, ""), (" 1 450,5 ", 1450.5, ""), ("1.234,5 A", 1234.5, "A"),
        ("1,234.5", 1234.5, ""), ("1,234,567", 1_234_567.0, ""), ("-5 \u00b0C", -5.0, "degC"),
        ("\u22125 C", -5.0, "degC"), ("1480 1/min", 1480.0, "1/min"), (",5", 0.5, ""), ("20 UM", 20.0, "um"),
        ("20 \u03bcm", 20.0, "um"), ("8 furlong", 8.0, "furlong"), ("3", 3.0, ""),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(words: str, value: float, unit: str) -> None:
    assert typed_value(words) == TypedValue(value, unit)


@pytest.mark.parametrize("words", ["", "A", "sixty", "1.2,3.4", "-", "mm 5"])
def test_what_is_no_number_is_not_guessed(words: str) -> None:
    assert typed_value(words) is None


def test_units_of_the_value_come_first() -> None:
    assert typed_value("5 K", ["dK"]) == TypedValue(5.0, "dK")


def test_the_keys_of_the_sheets_are_in_the_table_of_keys() -> None:
    from ui.shortcuts import SHORTCUTS

    keys = {each.act: each.keys for each in SHORTCUTS if each.act}
    assert (keys["observe"], keys["enter_readings"]) == ("Ctrl+O", "Ctrl+R")
    assert len({QKeySequence(each).toString() for each in keys.values()}) == len(keys)
