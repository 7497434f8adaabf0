"""``kill [--collector N] [--window N] [--data-dir DIR]``: kill -9 at random moments [T-01, F33, F34].

The collector dies while a PLC is lost and an operator acknowledges; what had been read from or written to the
database before must be there afterwards. The window dies while it shows; nobody else may notice.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.plant.quality import CLASS_MASK, QualityClass
from domain.roles import Actor, Role
from services.alarming import Alarming
from services.clock import SystemClock
from services.launching import is_held
from tests.soak.demo_run import DemoRun, LiveView, seconds_until, served_keys, value_keys

MIA = Actor(UUID(int=5), Role.OPERATOR, "ws-1", "Mia")
DEVICES = ("PLC-1", "PLC-3", "OPC-2")
KILLS_A_RUN = 5
"""The supervisor restarts five times in ten minutes, then it is right to give up."""

LOST_SAMPLES_LIMIT_S = 1.0
PERIOD_S, PUBLISHING_S = 1.0, 0.2
"""A value is at most one period old when it is published, and published within one publishing interval: by so
much the last stored one may be older than a second although nothing that was received is missing."""

COLLECTOR_LIMIT_S, WINDOW_LIMIT_S = 5.0, 4.0


@dataclass
class Findings:
    """What was seen over all kills."""

    first_good_s: list[float] = field(default_factory=list)
    all_good_s: list[float] = field(default_factory=list)
    bad_s: list[float] = field(default_factory=list)
    unstored_s: list[float] = field(default_factory=list)
    acknowledged: int = 0
    transitions: int = 0
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    window_back_s: list[float] = field(default_factory=list)
    collector_noticed: int = 0


class KillRun:
    """A demo, its operator and its murderer."""

    def __init__(self, demo: DemoRun, *, chance: random.Random) -> None:
        self._demo = demo
        self._chance = chance
        self.found = Findings()

    def kill_collectors(self, count: int) -> None:
        """Kill so often; every few kills the demo itself begins anew."""
        for number in range(count):
            if number % KILLS_A_RUN == 0:
                if number:
                    self._demo.stop()
                self._demo.start()
                self._live = LiveView(self._demo.folder)
                self._keys = [key for device in DEVICES for key in served_keys(self._demo.plant, device)]
            self._wait_all_good()
            self._kill_collector()
            if (number + 1) % KILLS_A_RUN == 0 or number + 1 == count:
                self._live.close()

    def _wait_all_good(self) -> None:
        seconds_until(lambda: self._live.are_good(self._keys), limit_s=40, what="everything is good")

    def _kill_collector(self) -> None:
        found, other = self.found, served_keys(self._demo.plant, "PLC-3")
        self._demo.kill("plant-modbus")
        time.sleep(self._chance.uniform(0.8, 2.5))
        self._acknowledge()
        before = self._stored()
        gone_s, gone_us = self._demo.kill("collector"), time.time_ns() // 1000
        self._demo.command("plant", "--server", "modbus")
        seconds_until(
            lambda: not self._live.shows_older(self._keys, gone_us), limit_s=10, what="old values are bad"
        )
        found.bad_s.append(time.monotonic() - gone_s)
        seconds_until(lambda: self._has_good(), limit_s=40, what="the first good value")
        found.first_good_s.append(time.monotonic() - gone_s)
        seconds_until(lambda: self._live.are_good(other), limit_s=40, what="the PLC is good")
        self._wait_all_good()
        found.all_good_s.append(time.monotonic() - gone_s)
        self._compare(before, gone_us)

    def _has_good(self) -> bool:
        return bool((self._live.qualities(self._keys) == QualityClass.GOOD).any())

    def _acknowledge(self) -> None:
        with self._demo.store() as store:
            alarming = Alarming(store, clock=SystemClock())
            waiting = [view.alarm.id for view in alarming.listed() if view.alarm.needs_acknowledgement]
            self.found.acknowledged += len(alarming.acknowledge(waiting, by=MIA).done)

    def _stored(self) -> set[tuple[object, ...]]:
        """Return what is durable now: every transition, and every row of one value of the last minutes."""
        with self._demo.store() as store:
            now_us = SystemClock().now_us()
            rows: set[tuple[object, ...]] = {
                (row.id, str(row.alarm_id), row.at_us, row.event, row.by)
                for row in store.alarms.journal(0, now_us, limit=100_000)
            }
            self.found.transitions = len(rows)
            history = store.open_history_reader()
            key = value_keys(self._demo.plant, "OPC-2")[0]
            series = history.series(key, start_us=now_us - 300_000_000, end_us=now_us)
            rows |= {("row", at_us) for at_us in series.time_us.tolist()}
            history.close()
        return rows

    def _compare(self, before: set[tuple[object, ...]], gone_us: int) -> None:
        after = self._stored()
        after_or_older = {
            row for row in before - after if row[0] != "row" or int(str(row[1])) > gone_us - 2e8
        }
        self.found.lost += [str(row) for row in after_or_older]
        self._look_for_damage()
        with self._demo.store() as store:
            history = store.open_history_reader()
            key = value_keys(self._demo.plant, "OPC-2")[0]
            series = history.series(key, start_us=gone_us - 20_000_000, end_us=gone_us)
            history.close()
        good = series.time_us[(series.quality & CLASS_MASK) == QualityClass.GOOD]
        self.found.unstored_s.append((gone_us - int(good[-1])) / 1e6 if len(good) else 20.0)

    def _look_for_damage(self) -> None:
        for name in ("plant.db", "history.db"):
            with closing(sqlite3.connect(self._demo.folder / name)) as connection:
                answer = connection.execute("PRAGMA quick_check").fetchone()[0]
            if answer != "ok":
                self.found.damaged.append(f"{name}: {answer}")
        with self._demo.store() as store:
            if not store.audit.verify().is_sound:
                self.found.damaged.append("the audit chain is broken")

    def kill_windows(self, count: int) -> None:
        """Start a window beside the demo, kill it, look at the collector, start the next."""
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        self._demo.start()
        lock = self._demo.folder / "runtime" / "window.lock"
        for _ in range(count):
            collector, restarts = self._demo.pid("collector"), self._demo.status().restarts
            before, begun_s = self._demo.status(), time.monotonic()
            window = self._demo.command("app", "--for", "60")
            seconds_until(lambda: is_held(lock), limit_s=30, what="the window opens its data")
            self.found.window_back_s.append(time.monotonic() - begun_s)
            time.sleep(self._chance.uniform(0.1, 2.5))
            window.kill()
            window.wait()
            seconds_until(
                lambda before=before: self._demo.status().uptime_s > before.uptime_s + 1,  # type: ignore[misc]
                limit_s=10,
                what="the collector works on",
            )
            after = self._demo.status()
            is_same = (self._demo.pid("collector"), after.restarts) == (collector, restarts)
            self.found.collector_noticed += not is_same or after.samples_dropped > 0
            self._look_for_damage()


def _is_recent(row: tuple[object, ...], gone_us: int) -> bool:
    """Leave out what lies before the window of the second look."""
    return int(str(row[1])) > gone_us - 200_000_000


def main(arguments: list[str]) -> int:
    """Run it, print the figures as one JSON object, return 1 when a criterion fails."""
    parser = argparse.ArgumentParser(prog="kill")
    parser.add_argument("--collector", type=int, default=20, metavar="N")
    parser.add_argument("--window", type=int, default=10, metavar="N")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jidoka-soak-") as scratch:
        demo = DemoRun(options.data_dir or Path(scratch) / "demo", for_s=36_000)
        run = KillRun(demo, chance=random.Random(options.seed))
        try:
            if options.collector:
                run.kill_collectors(options.collector)
                demo.stop()
            if options.window:
                run.kill_windows(options.window)
                demo.stop()
        finally:
            demo.abandon()
    report = _report(run.found)
    print(json.dumps(report, indent=1))
    return 0 if all(report["criteria"].values()) else 1


def _report(found: Findings) -> dict[str, Any]:
    return {
        "criteria": {
            "nothing durable lost": not found.lost,
            "databases whole, audit chain sound": not found.damaged,
            "bad within 2 s": max(found.bad_s, default=0.0) <= 2.0,
            "first good value within 5 s": max(found.first_good_s, default=0.0) <= COLLECTOR_LIMIT_S,
            "at most 1 s of samples lost": max(found.unstored_s, default=0.0)
            <= LOST_SAMPLES_LIMIT_S + PERIOD_S + PUBLISHING_S,
            "the collector never notices a window's death": found.collector_noticed == 0,
            "window back within 4 s": max(found.window_back_s, default=0.0) <= WINDOW_LIMIT_S,
        },
        "collector_kills": len(found.first_good_s),
        "window_kills": len(found.window_back_s),
        "acknowledged": found.acknowledged,
        "transitions": found.transitions,
        "lost": found.lost[:20],
        "damaged": found.damaged,
        "bad_s": _spread(found.bad_s),
        "first_good_s": _spread(found.first_good_s),
        "all_good_s": _spread(found.all_good_s),
        "last_stored_before_kill_s": _spread(found.unstored_s),
        "window_data_open_s": _spread(found.window_back_s),
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    figures = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {name: round(value, 2) for name, value in figures.items()}
