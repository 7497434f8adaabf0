"""``ledger [--for SECONDS] [--kill] [--data-dir DIR]``: is what the plant served what the product stored?

Runs ``main.py demo --no-window`` and compares with the plant's own ledger (see ``truth``): answers of the
PLCs, writes of the OPC UA server, every block of the streaming channels. With ``--kill`` servers of the plant
are killed, started again and frozen meanwhile [F01, F02, F20, F21], and the times to bad and back to good are
measured on what a window would show.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.simulators.opcua_server import FAILING_SENSOR
from domain.plant.quality import CLASS_MASK
from services.status import SystemStatus
from tests.soak.demo_run import DemoRun, LiveView, seconds_until, served_keys
from tests.soak.truth import UNPUBLISHED_US, Comparison, Interval, Truth, WaveformFollower

DEVICES = {"modbus": ("PLC-1", "PLC-3"), "opcua": ("OPC-2",)}
BACK_LIMIT_S = {"modbus": 3.0, "opcua": 5.0}
CLOSED_LIMIT_S, HUNG_LIMIT_S = 2.0, 5.0
SETTLE_S = 4.0
DOWN_S = 5.0
CALM_S = 12.0
IN_FLIGHT_US = 100_000
"""Answers that were sent before a server was killed are still read after it."""

LEFT_OUT_LIMIT = 0.01
"""A plant that stands still unasked is not judged until it is good again. A run that leaves out more of its
calm time than this wants a calmer machine."""


@dataclass
class Faults:
    """What was done to a server and how long the product took to notice and to recover.

    ``downs`` holds kills only: a server that thaws catches up and brings the seconds it slept, with their own
    times.
    """

    closed_bad_s: list[float] = field(default_factory=list)
    hung_bad_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    downs: list[Interval] = field(default_factory=list)
    shown_good_while_down: int = 0


class LedgerRun:
    """One run of the demo with its observers."""

    def __init__(self, demo: DemoRun, *, for_s: float) -> None:
        self._demo = demo
        self._end_s = demo.begun_s + for_s
        self._live = LiveView(demo.folder)
        self._keys = {
            server: [key for device in devices for key in served_keys(demo.plant, device)]
            for server, devices in DEVICES.items()
        }
        self.truth = Truth(demo.folder, demo.order, demo.plant)
        self._sensor = next(tag.key for tag in demo.plant.tags if tag.name == FAILING_SENSOR)
        self._sensor_good: set[int] = set()
        self._calm_since_us: dict[str, int] = {}
        self.calm: dict[str, list[Interval]] = {server: [] for server in DEVICES}
        self.faults = {server: Faults() for server in DEVICES}

    def wait_good(self, server: str, *, limit_s: float) -> float:
        """Wait until everything that a server brings is good; return the seconds it took."""
        took_s = seconds_until(
            lambda: self._live.are_good(self._keys[server]), limit_s=limit_s, what=f"{server} is good"
        )
        self._calm_since_us[server] = _now_us() + round(SETTLE_S * 1e6)
        return took_s

    def watch(self, seconds: float) -> None:
        """Look at the sensor that fails now and then, as a window does, for a while."""
        until_s = min(time.monotonic() + seconds, self._end_s)
        while time.monotonic() < until_s:
            shown = self._live.source.values([self._sensor])
            if not shown.quality[0] & CLASS_MASK:
                self._sensor_good.add(int(shown.source_us[0]))
            time.sleep(0.1)

    def sensor_shown_good(self) -> int:
        told = [line["at_us"] for line in self.truth.sensor_failures()]
        return len(self._sensor_good.intersection(told))

    def hurt(self) -> None:
        """Kill and freeze both servers in turn until the time is nearly over."""
        acts = [
            (self._kill, "modbus"),
            (self._kill, "opcua"),
            (self._freeze, "modbus"),
            (self._freeze, "opcua"),
        ]
        number = 0
        while self._end_s - time.monotonic() > 60:
            act, server = acts[number % len(acts)]
            self.watch(CALM_S)
            act(server)
            number += 1

    def _kill(self, server: str) -> None:
        faults = self.faults[server]
        self._end_calm(server)
        self._demo.kill(f"plant-{server}")
        gone_us = _now_us()
        faults.closed_bad_s.append(self._wait_bad(server, limit_s=5 * CLOSED_LIMIT_S))
        self._count_good_while_down(server, gone_us + IN_FLIGHT_US)
        down = Interval(gone_us + IN_FLIGHT_US, _now_us())
        self._demo.serve_again(server)
        faults.downs.append(down)
        faults.back_s.append(self.wait_good(server, limit_s=30))
        _tell(server, "killed", bad_s=faults.closed_bad_s[-1], back_s=faults.back_s[-1])

    def _freeze(self, server: str) -> None:
        faults = self.faults[server]
        self._end_calm(server)
        self._demo.freeze(f"plant-{server}")
        frozen_us = _now_us()
        try:
            faults.hung_bad_s.append(self._wait_bad(server, limit_s=3 * HUNG_LIMIT_S))
            self._count_good_while_down(server, frozen_us + IN_FLIGHT_US)
        finally:
            self._demo.thaw(f"plant-{server}")
        back_s = self.wait_good(server, limit_s=30)
        _tell(server, "frozen", bad_s=faults.hung_bad_s[-1], back_s=back_s)

    def _wait_bad(self, server: str, *, limit_s: float) -> float:
        keys = self._keys[server]
        return seconds_until(lambda: self._live.are_bad(keys), limit_s=limit_s, what=f"{server} is bad")

    def _count_good_while_down(self, server: str, since_us: int) -> None:
        until_s = time.monotonic() + DOWN_S
        while time.monotonic() < until_s:
            shown = self._live.source.values(self._keys[server])
            newer = (shown.quality & CLASS_MASK == 0) & (shown.source_us > since_us)
            self.faults[server].shown_good_while_down += int(newer.sum())
            time.sleep(0.1)

    def _end_calm(self, server: str) -> None:
        start_us, end_us = self._calm_since_us[server], _now_us() - UNPUBLISHED_US
        if end_us > start_us:
            self.calm[server].append(Interval(start_us, end_us))

    def end(self) -> None:
        """Watch until shortly before the end; what comes later belongs to the ordered stop."""
        self.watch(self._end_s - time.monotonic() - 3.0)
        for server in DEVICES:
            self._end_calm(server)
        self._live.close()


def main(arguments: list[str]) -> int:
    """Run it, tell each fault at once, print the figures as a JSON object; 1 when a criterion fails."""
    parser = argparse.ArgumentParser(prog="ledger")
    parser.add_argument("--for", dest="for_s", type=float, default=600.0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jidoka-soak-") as scratch:
        demo = DemoRun(options.data_dir or Path(scratch) / "demo", for_s=options.for_s)
        try:
            report = _run(demo, for_s=options.for_s, is_killing=options.kill)
        finally:
            demo.abandon()
    print(json.dumps(report, indent=1))
    return 0 if all(report["criteria"].values()) else 1


def _run(demo: DemoRun, *, for_s: float, is_killing: bool) -> dict[str, Any]:
    demo.start()
    run = LedgerRun(demo, for_s=for_s)
    first_good_s = {server: run.wait_good(server, limit_s=60) for server in DEVICES}
    follower = WaveformFollower(run.truth)
    follower.start()
    try:
        if is_killing:
            run.hurt()
        run.end()
    finally:
        follower.finish()
    code = demo.wait(limit_s=60)
    return _report(demo, run, follower, code=code) | {"first_good_s": _rounded(first_good_s)}


@dataclass(frozen=True)
class Judgement:
    """What the plant's own ledger says of what the product stored and showed.

    ``left_out`` is the share of the calm time of each server in which the plant itself stood still unasked.
    """

    left_out: dict[str, float]
    polled: dict[str, Comparison]
    subscribed: Comparison
    blocks: Comparison
    sensor_failures: int
    stored_good: int
    shown_good: int


def _judged(demo: DemoRun, run: LedgerRun, follower: WaveformFollower) -> Judgement:
    truth, faults = run.truth, run.faults
    calm = {server: truth.moving(server, intervals) for server, intervals in run.calm.items()}
    with demo.store() as store:
        history = store.open_history_reader()
        polled = {name: truth.polled(name, calm["modbus"], history) for name in DEVICES["modbus"]}
        subscribed = truth.subscribed(calm["opcua"], history)
        failures, stored_good = truth.good_while_bad(history)
        stored_down = sum(
            truth.good_while_down(device, faults[server].downs, history)
            for server, devices in DEVICES.items()
            for device in devices
        )
        history.close()
    return Judgement(
        {server: 1 - _length(calm[server]) / max(1, _length(run.calm[server])) for server in DEVICES},
        polled,
        subscribed,
        follower.compare(calm["opcua"]),
        failures,
        stored_good + stored_down,
        run.sensor_shown_good() + sum(each.shown_good_while_down for each in faults.values()),
    )


def _report(demo: DemoRun, run: LedgerRun, follower: WaveformFollower, *, code: int) -> dict[str, Any]:
    status, found = demo.status(), _judged(demo, run, follower)
    is_tidy = not demo.processes() and not demo.segments()
    criteria = {"exit code 0": code == 0, "nothing left running": is_tidy}
    criteria |= _criteria(status, found, follower)
    for server in DEVICES:
        criteria |= _fault_criteria(server, run.faults[server])
    return {
        "criteria": criteria,
        "calm_time_left_out": {server: round(share, 5) for server, share in found.left_out.items()},
        "polled": {name: _plain(each) for name, each in found.polled.items()},
        "subscribed": _plain(found.subscribed),
        "waveform_samples": _plain(found.blocks),
        "blocks_compared_sample_by_sample": follower.compared,
        "sensor_failures_told": found.sensor_failures,
        "stored_good_while_bad": found.stored_good,
        "shown_good_while_bad": found.shown_good,
        "collector": _collector_figures(status),
        "faults": {server: _times(each) for server, each in run.faults.items()},
    }


def _criteria(status: SystemStatus, found: Judgement, follower: WaveformFollower) -> dict[str, bool]:
    is_whole = status.samples_received == status.samples_stored and status.samples_dropped == 0
    is_calm = max(found.left_out.values()) < LEFT_OUT_LIMIT
    return {
        "under 1 % of the calm time left out because the plant stood still unasked": is_calm,
        "every answer of the PLCs stored": all(each.is_equal for each in found.polled.values()),
        "every write of the OPC UA server stored": found.subscribed.is_equal,
        "every waveform block delivered, checksums equal": found.blocks.is_equal and not follower.misplaced,
        "samples equal the plant's": follower.compared > 0 and follower.differing == 0,
        "received = stored, none dropped": is_whole,
        "stored good while the plant says bad: 0": found.stored_good == 0,
        "shown good while the plant says bad: 0": found.shown_good == 0,
    }


def _collector_figures(status: SystemStatus) -> dict[str, Any]:
    return {
        "received": status.samples_received,
        "stored": status.samples_stored,
        "dropped": status.samples_dropped,
        "waveform_samples": status.waveform_samples_received,
        "loop_lag_ms": status.loop_lag_ms,
        "rss_mb": status.rss_mb,
        "drops_by_link": {each.name: each.drops for each in status.connections},
    }


def _fault_criteria(server: str, faults: Faults) -> dict[str, bool]:
    found = {}
    if faults.closed_bad_s:
        found[f"{server}: bad within {CLOSED_LIMIT_S} s of the kill"] = (
            max(faults.closed_bad_s) <= CLOSED_LIMIT_S
        )
        limit_s = BACK_LIMIT_S[server]
        found[f"{server}: good within {limit_s} s of listening"] = max(faults.back_s) <= limit_s
    if faults.hung_bad_s:
        found[f"{server}: bad within {HUNG_LIMIT_S} s of hanging"] = max(faults.hung_bad_s) <= HUNG_LIMIT_S
    return found


def _tell(server: str, act: str, **times_s: float) -> None:
    """Say at once what a fault did, so that the product's log can be read beside it."""
    rounded = _rounded(times_s)
    print(json.dumps({"at": time.strftime("%H:%M:%S"), "server": server, "act": act, **rounded}), flush=True)


def _length(intervals: Sequence[Interval]) -> int:
    return sum(each.length_us for each in intervals)


def _times(faults: Faults) -> dict[str, list[float]]:
    return {
        "closed_bad_s": _seconds(faults.closed_bad_s),
        "hung_bad_s": _seconds(faults.hung_bad_s),
        "back_s": _seconds(faults.back_s),
    }


def _plain(comparison: Comparison) -> dict[str, Any]:
    return {
        "served": comparison.served,
        "arrived": comparison.stored,
        "intervals": comparison.intervals,
        "differences": comparison.differences[:20],
    }


def _seconds(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


def _now_us() -> int:
    return time.time_ns() // 1000
