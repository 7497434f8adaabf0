"""The whole program on the demo plant, in real processes: start, read, record, die, come back, end, go on.

One demo serves every story of this file, in the order in which they stand.
"""

import time
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest

from commands import EXIT_RUNNING
from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.roles import Actor, Role
from services.clock import SystemClock
from storage.locks import InstanceLock
from tests.soak.demo_run import DemoRun, LiveView, seconds_until, served_keys, value_keys

DEVICES = ("PLC-1", "PLC-3", "OPC-2")
MIA = Actor(UUID(int=5), Role.OPERATOR, "ws-1", "Mia")
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    run = DemoRun(tmp_path_factory.mktemp("plant") / "demo", for_s=900)
    try:
        run.start()
        yield run
    finally:
        run.abandon()


@pytest.fixture(scope="module")
def live(demo: DemoRun) -> Iterator[LiveView]:
    view = LiveView(demo.folder)
    yield view
    view.close()


@pytest.fixture(scope="module")
def keys(demo: DemoRun) -> list[int]:
    return [key for device in DEVICES for key in served_keys(demo.plant, device)]


def test_every_link_brings_good_values_marked_as_simulated(
    demo: DemoRun, live: LiveView, keys: list[int]
) -> None:
    seconds_until(lambda: live.are_good(keys), limit_s=30, what="all values are good")
    shown = live.source.values(keys)
    assert (shown.quality & QualityFlag.SIMULATED).all()
    assert np.isfinite(shown.value).all()
    seconds_until(
        lambda: {each.state for each in demo.status().connections} == {"connected"},
        limit_s=5,
        what="all links are connected",
    )
    window = live.source.waveform(_streaming(demo), length=2560)
    assert window is not None
    assert window.quality & QualityFlag.SIMULATED
    assert len(window.samples) == 2560


def test_what_is_received_is_stored_and_nothing_is_dropped(demo: DemoRun) -> None:
    def is_balanced() -> bool:
        status = demo.status()
        return 0 < status.samples_received == status.samples_stored + status.samples_pending

    seconds_until(is_balanced, limit_s=5, what="received = stored + pending", poll_s=0.2)
    assert demo.status().samples_dropped == 0


def test_f78_a_second_collector_is_refused_and_harms_nothing(demo: DemoRun) -> None:
    assert demo.command("collect", "--for", "1").wait(timeout=15) == EXIT_RUNNING
    assert demo.command("collect", "--worker").wait(timeout=15) == EXIT_RUNNING
    before = demo.status().uptime_s
    seconds_until(lambda: demo.status().uptime_s > before, limit_s=5, what="the first one works on")


def test_f01_a_killed_plc_is_an_alarm_that_an_operator_acknowledges(
    demo: DemoRun, live: LiveView, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = served_keys(demo.plant, "PLC-1")
    gone_s = demo.kill("plant-modbus")
    seconds_until(lambda: live.are_bad(keys), limit_s=2 * 2, what="the killed PLC is bad")
    bad_s = time.monotonic() - gone_s
    seconds_until(lambda: "link_lost" in _listed(demo), limit_s=10, what="the lost link is an alarm")
    _acknowledge(demo)
    demo.serve_again("modbus")
    back_s = seconds_until(lambda: live.are_good(keys), limit_s=2 * 3, what="the PLC is good again")
    with capsys.disabled():
        print(f"\nPLC killed: bad after {bad_s:.2f} s, good {back_s:.2f} s after it listens")
    seconds_until(lambda: "link_lost" not in _listed(demo), limit_s=10, what="the alarm goes with its cause")


def test_f33_a_killed_collector_is_back_and_has_lost_no_alarm(
    demo: DemoRun, live: LiveView, keys: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    journal = _journal(demo)
    assert {row[1] for row in journal} >= {"condition_true", "acknowledge", "condition_false"}
    gone_us = SystemClock().now_us()
    gone_s = demo.kill("collector")
    seconds_until(
        lambda: not live.shows_older(keys, gone_us), limit_s=2 * 2, what="no value of the dead one is good"
    )
    bad_s = time.monotonic() - gone_s
    seconds_until(lambda: live.are_good(keys), limit_s=30, what="values are good again", poll_s=0.05)
    back_s = time.monotonic() - gone_s
    with capsys.disabled():
        print(f"\ncollector killed: bad after {bad_s:.2f} s, all good again after {back_s:.2f} s")
    assert journal <= _journal(demo)
    seconds_until(
        lambda: demo.status().drops.get("collector_down", 0) > 0, limit_s=5, what="the gap is counted"
    )
    back_us = SystemClock().now_us()
    _is_marked_as_gap(demo, value_keys(demo.plant, "PLC-1")[0], gone_us, back_us)


def test_f56_an_ordered_stop_ends_everything_and_alarms_nobody(demo: DemoRun) -> None:
    seconds_until(lambda: "link_lost" not in _listed(demo), limit_s=10, what="no link is lost")
    before = _journal(demo)
    begun_s = time.monotonic()
    assert demo.stop() == 0
    assert time.monotonic() - begun_s < 2 * 5
    assert not demo.processes()
    assert not demo.segments()
    assert not [row for row in _journal(demo) - before if row[2] == "link_lost"]
    status = demo.status()
    assert status.samples_received == status.samples_stored
    assert set(status.drops) == {"collector_down"}, "only what the killed collector missed is lost"
    for kind in ("collector", "supervisor"):
        assert InstanceLock(demo.folder / "runtime", kind).is_free()


def test_a_restart_goes_on_with_the_same_data(demo: DemoRun, live: LiveView, keys: list[int]) -> None:
    key = value_keys(demo.plant, "PLC-1")[0]
    stopped_us = demo.status().written_us
    before, journal = _values(demo, key, stopped_us), _journal(demo)
    assert len(before) > 10
    demo.start()
    seconds_until(lambda: live.are_good(keys), limit_s=30, what="values are good after the restart")
    now = _values(demo, key, SystemClock().now_us())
    assert np.array_equal(now[: len(before)], before, equal_nan=True)
    assert journal <= _journal(demo)
    after = _series(demo, key, stopped_us, SystemClock().now_us())
    assert (after.quality & CLASS_MASK == QualityClass.GOOD).any()
    assert demo.stop() == 0


def _streaming(demo: DemoRun) -> int:
    return next(tag.key for tag in demo.plant.tags if tag.capture is not None and tag.capture.is_streaming)


def _listed(demo: DemoRun) -> set[str]:
    with demo.store() as store:
        rules = {rule.id: rule.message_key for rule in store.alarm_rules.all()}
        return {rules[alarm.rule_id] for alarm in store.alarms.listed()}


def _acknowledge(demo: DemoRun) -> None:
    from services.alarming import Alarming

    with demo.store() as store:
        alarming = Alarming(store, clock=SystemClock())
        lost = [view.alarm.id for view in alarming.listed() if view.rule.message_key == "link_lost"]
        assert alarming.acknowledge(lost, by=MIA).done
        assert store.audit.verify().is_sound


def _journal(demo: DemoRun) -> set[tuple[int, str, str]]:
    """Return every transition of every alarm: when, what, and the message of its rule."""
    with demo.store() as store:
        rules = {rule.id: rule.message_key for rule in store.alarm_rules.all()}
        rows = store.alarms.journal(0, SystemClock().now_us(), limit=10_000)
        return {(row.at_us, row.event, rules[row.rule_id]) for row in rows}


def _is_marked_as_gap(demo: DemoRun, key: int, gone_us: int, back_us: int) -> None:
    with demo.store() as store:
        history = store.open_history_reader()
        gaps = history.trend(key, start_us=gone_us - 10_000_000, end_us=back_us, columns=1000).gaps
        history.close()
    assert [gap for gap in gaps if gap.start_us < back_us and gap.end_us > gone_us], "a gap is told"


def _series(demo: DemoRun, key: int, start_us: int, end_us: int):  # type: ignore[no-untyped-def]
    with demo.store() as store:
        history = store.open_history_reader()
        series = history.series(key, start_us=start_us, end_us=end_us)
        history.close()
    return series


def _values(demo: DemoRun, key: int, end_us: int) -> np.ndarray:
    series = _series(demo, key, end_us - 120_000_000, end_us)
    return np.column_stack([series.time_us, series.value, series.quality])
