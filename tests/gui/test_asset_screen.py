"""Asset on real services: health with reasons, limits with source, past, tree [NEW-2, NEW-12, NEW-15]."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from domain.identifiers import new_id
from tests.gui.plant_stage import (
    CRITICAL,
    DP1,
    FL1,
    FL2,
    LINES,
    POINTS,
    Stage,
    key,
    make_stage,
    put_away,
    settle,
)
from ui.screens.asset import make_asset
from ui.screens.asset.screen import AssetScreen
from ui.theme import Theme


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage, qtbot) -> Iterator[AssetScreen]:
    stage.raise_alarm(CRITICAL, value=0.7)
    made = make_asset(stage.workstation)(stage.context)
    assert isinstance(made, AssetScreen)
    made.view.resize(1804, 884)
    made.open("")
    made.view.show()
    settle(
        qtbot, stage, made.refresh,
        lambda: made.presenter.day is not None and made.presenter.stack is not None
        and bool(made.presenter._views),
    )  # fmt: skip
    made.refresh(stage.now_us)
    yield made
    made.close()
    put_away(made.view)


def state(screen: AssetScreen, stage: Stage):
    stage.say_all()
    return screen.presenter.read(screen.presenter.readings(stage.now_us))


def test_without_an_address_the_worst_machine_opens(screen: AssetScreen) -> None:
    assert screen.presenter.machine_id == FL2.id
    assert [words for words, _ in screen.breadcrumb] == ["Line 2", "Filler FL2"]


def test_reasons_add_up_and_zone_names_its_standard(screen: AssetScreen, stage: Stage) -> None:
    shown = state(screen, stage)
    assert sum(each.points for each in shown.reasons) == pytest.approx(100 - shown.score, abs=0.2)
    assert (shown.zone.head, shown.zone.origin) == ("Zone C", "ISO 20816-3 2022")
    assert shown.symbol.priority is CRITICAL.priority


def test_every_limit_says_where_it_comes_from(screen: AssetScreen, stage: Stage) -> None:
    """NEW-12."""
    limits = state(screen, stage).limits
    assert all(row.origin for row in limits)
    assert any((row.origin, row.table) == ("ISO 20816-3 2022", "Group 2") for row in limits)


def test_cards_share_one_scale_with_their_day(screen: AssetScreen, stage: Stage) -> None:
    cards = state(screen, stage).cards
    outer = next(each for each in cards if each.figure.tag.key == key(FL2, 4))
    day = screen.presenter.day
    assert day is not None
    curve = day.curves[key(FL2, 4)]
    assert np.isnan(curve).any(), "the gap stays a gap"
    low, high = outer.figure.scale
    assert low <= 0.02
    assert high >= 0.6


def test_a_point_opens_its_analysis_a_value_its_trend(screen: AssetScreen, stage: Stage) -> None:
    screen._open_figure(key(FL2, 4))
    screen._open_figure(key(FL2, 2))
    assert stage.visited == [f"analysis/{POINTS[2].id}", f"trends/{key(FL2, 2)}"]


def test_a_standing_machine_is_no_drama(screen: AssetScreen, stage: Stage) -> None:
    screen.open(str(DP1.id))
    shown = state(screen, stage)
    assert (shown.score, shown.refusal) == (None, "machine not running")
    assert shown.zone.origin == "machine not running"
    screen.refresh(stage.now_us)


def test_the_past_reaches_back_as_far_as_chosen(screen: AssetScreen, stage: Stage, qtbot) -> None:
    screen._choose_span("7d")
    settle(
        qtbot, stage, screen.refresh,
        lambda: screen.presenter.stack is not None and screen.presenter.stack.span == "7d",
    )  # fmt: skip
    start_us, end_us = screen.content.stack._panes[0].plot.window_us
    assert (end_us - start_us) / 86_400e6 == pytest.approx(7, rel=0.01)


def test_events_of_this_machine_only(screen: AssetScreen, stage: Stage, qtbot) -> None:
    assert screen.presenter.stack is not None
    assert [row.alarm_id for row in screen.presenter.stack.events] == [stage.alarm(CRITICAL).id]
    screen.open(str(FL1.id))
    settle(qtbot, stage, screen.refresh, lambda: screen.presenter.stack is not None)
    assert screen.presenter.stack is not None
    assert screen.presenter.stack.events == ()


def test_the_tree_leads_to_every_machine_and_point(screen: AssetScreen, stage: Stage, qtbot) -> None:
    table = screen.content.tree.table
    table.select(FL1.id)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    table.select(POINTS[2].id)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert stage.visited == [f"asset/{FL1.id}", f"analysis/{POINTS[2].id}"]


def test_a_line_opens_its_first_machine_and_the_unknown_says_so(screen: AssetScreen, stage: Stage) -> None:
    screen.open(str(LINES[0].id))
    assert screen.presenter.machine_id == DP1.id
    screen.open(str(new_id()))
    assert screen._pages.currentIndex() == 0


def test_narrow_windows_fold_tree_and_side(screen: AssetScreen, stage: Stage) -> None:
    screen.view.resize(1278, 600)
    screen.refresh(stage.now_us)
    view = screen.content
    assert not view.tree.isVisible()
    assert view.why.isVisible()
    assert not view.limits.isVisible()
    view.open_tree()
    assert stage.drawers == [view.tree]
    screen.view.resize(1804, 884)
    assert view.tree.isVisible()
    assert view.limits.isVisible()
