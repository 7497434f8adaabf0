"""Analysis on real services: live, paused, kept, evidence, refusals, exports [NEW-10, NEW-15, NEW-26]."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt

from domain.plant.tags import Feature
from services.evidence import bearing_evidence
from tests.gui.analysis_stage import BEARING, BPFO_HZ, POINT, SHAFT_HZ, Stage, envelope, make_stage
from ui.screens.analysis import make_analysis
from ui.screens.analysis.live import Mode
from ui.screens.analysis.screen import AnalysisScreen
from ui.theme import Theme
from ui.widgets.plot_export import safe_cell


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage, qtbot) -> Iterator[AnalysisScreen]:
    made = make_analysis(stage.workstation)(stage.context)
    assert isinstance(made, AnalysisScreen)
    made.view.resize(1800, 900)
    made.open("")
    made.view.show()
    qtbot.waitUntil(
        lambda: made.page.spectrum.shown[0] is not None and bool(made.page.kept.rows), timeout=5000
    )
    refreshed(made, stage)
    yield made
    made.close()
    made.view.hide()
    made.view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def refreshed(screen: AnalysisScreen, stage: Stage) -> None:
    stage.collector.beat()
    screen.refresh(stage.context.clock.now_us())


def judge(level: float, **changed: object) -> object:
    given: dict[str, object] = {
        "baseline": envelope(0.0, seed=9), "geometry": BEARING, "speed_hz": SHAFT_HZ, "is_running": True,
    }  # fmt: skip
    return bearing_evidence(envelope(level), **(given | changed))


def test_evidence_names_the_outer_race_with_its_figures() -> None:
    found = judge(0.5)
    best = found.supported[0]
    assert best.fault is Feature.OUTER_RACE
    assert best.found_hz == pytest.approx(BPFO_HZ, abs=0.8)
    assert best.raised_harmonics >= 4
    assert {each.fault for each in found.considered} == {Feature.INNER_RACE, Feature.ROLLING_ELEMENT}


def test_a_healthy_bearing_and_a_raised_noise_floor_support_nothing() -> None:
    assert judge(0.0).supported == ()
    noisy = envelope(0.0)
    noisy.amplitude[:] *= 30
    assert (
        bearing_evidence(
            noisy, baseline=envelope(0.0, seed=9), geometry=BEARING, speed_hz=SHAFT_HZ, is_running=True
        ).supported
        == ()
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"speed_hz": None}, "evidence_no_speed"),
        ({"geometry": None}, "evidence_no_bearing"),
        ({"is_running": False}, "evidence_not_running"),
        ({"speed_hz": 2.0}, "evidence_too_coarse"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_reason(changed: dict[str, object], reason: str) -> None:
    assert judge(0.5, **changed).refusal == reason


def test_the_screen_says_fault_figures_zone_and_edition(screen: AnalysisScreen) -> None:
    words = screen.page.side.diagnosis.words
    assert "Outer-race defect, DE" in words
    assert " of 5 harmonics over baseline" in words
    assert "Zone B" in words
    assert "ISO 20816-3:2022" in words
    assert screen.page.spectrum.family == "BPFO"
    assert "BPFO" in screen.page.spectrum.readout.words


def test_only_a_new_spectrum_is_drawn(screen: AnalysisScreen, stage: Stage, monkeypatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(screen, "_show_picture", lambda: drawn.append(1))
    for _ in range(5):
        stage.collector.beat()
        screen._draw(stage.context.clock.now_us())
    assert drawn == []
    stage.collector.show_signal(stage.context.clock.now_us())
    screen._draw(stage.context.clock.now_us())
    assert drawn == [1]


def test_zoom_and_cursor_survive_live_updates(screen: AnalysisScreen, stage: Stage) -> None:
    pane = screen.page.spectrum.pane
    pane.navigate(x=(50.0, 200.0))
    pane.set_cursor("A", BPFO_HZ)
    for level in (0.6, 3.0, 0.4):
        stage.collector.show_signal(stage.context.clock.now_us(), level=level)
        screen._draw(stage.context.clock.now_us())
    assert (pane.ranges.x_low, pane.ranges.x_high) == (50.0, 200.0)
    assert pane.cursor("A") == BPFO_HZ


def test_space_pauses_and_goes_on(screen: AnalysisScreen, stage: Stage, qtbot) -> None:
    qtbot.keyClick(screen.page.spectrum.pane, Qt.Key.Key_Space)
    assert screen.bench.mode is Mode.PAUSED
    before = screen.picture
    stage.collector.show_signal(stage.context.clock.now_us(), level=2.0)
    screen._draw(stage.context.clock.now_us())
    assert screen.picture is before
    qtbot.keyClick(screen.page.spectrum.pane, Qt.Key.Key_Space)
    screen._draw(stage.context.clock.now_us())
    assert screen.picture is not before


def test_a_kept_waveform_shows_its_own_spectra_and_speed(screen: AnalysisScreen, qtbot) -> None:
    kept = next(row.key for row in screen.page.kept.rows if screen.bench.kept(row.key).waveform_id)
    screen.page.kept.chosen.emit(kept)
    qtbot.waitUntil(lambda: screen.bench.mode is Mode.KEPT, timeout=5000)
    assert screen.shaft_hz == pytest.approx(SHAFT_HZ)
    assert len(screen.picture.spectra) == 3
    assert screen.page.mode.text() == "KEPT"


def test_a_dead_collector_is_said_calmly(screen: AnalysisScreen, stage: Stage) -> None:
    past = stage.collector.values.header["writer_beat_ns"]
    past[0] -= 10_000_000_000
    screen.refresh(stage.context.clock.now_us())
    assert screen.page.mode.text() == "NO LINK"
    assert "machine state unknown" in screen.page.side.diagnosis.words


def test_quantity_and_range_change_what_is_drawn(screen: AnalysisScreen) -> None:
    screen.page.range.chosen.emit("200")
    assert screen.page.spectrum.pane.ranges.x_high == pytest.approx(200, abs=1)
    screen.page.quantity.chosen.emit("acceleration")
    assert screen.page.spectrum.unit == "g"
    assert screen.page.spectrum.shown[0] is not None


def test_addresses_and_points(screen: AnalysisScreen, stage: Stage) -> None:
    assert screen.breadcrumb[-1] == ("Main motor DE", f"analysis/{POINT.id}")
    screen.page.points.chosen.emit(POINT.id)
    assert stage.visited == [f"analysis/{POINT.id}"]


def test_exports_tell_time_unit_and_settings(screen: AnalysisScreen, tmp_path: Path, qtbot) -> None:
    export = screen.export
    for way, name in ((export.picture, "a.png"), (export.spectra, "a.csv"), (export.waveform, "w.csv")):
        with qtbot.waitSignal(export.exporter.saved, timeout=5000):
            export.exporter.export_to(tmp_path / name, way)
    assert export.render().width() == 2 * (screen.page.centre.width() + 24)
    words = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert "Filler FL2" in words
    assert "spectrum mm/s" in words
    assert len((tmp_path / "w.csv").read_text().splitlines()) == 5120 + 4
    assert safe_cell("=1+1") == "'=1+1"


def test_at_768_the_readings_move_to_the_drawer(screen: AnalysisScreen, stage: Stage, qtbot) -> None:
    screen.view.resize(1278, 600)
    QCoreApplication.processEvents()
    assert screen.view.minimumSizeHint().height() <= 620
    screen.page.readings_button.click()
    assert stage.drawers[-1][1] is screen.page.side
    screen.view.resize(1800, 900)
    QCoreApplication.processEvents()
    assert screen.page.side.isVisible()
