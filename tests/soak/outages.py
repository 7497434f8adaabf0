"""``outages [--long] [--data-dir DIR]``: the demo plant's servers are away for 15 s, 60 s and 10 minutes.

``main.py demo --no-window`` runs; both servers of its plant are killed and started again, then frozen and
thawed, each time for 15 s, 60 s and with ``--long`` 600 s [F01, F20, F21]. What a window would show is
watched meanwhile. Afterwards the history is asked what it holds of each outage, and the loss counters of the
links are compared with the holes in it.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from acquisition.back_fill import JITTER_PERIODS
from acquisition.supervisor import LINK_DOWN
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.tags import Tag
from storage.history.reader import StoredHistory
from tests.soak.demo_run import DemoRun, LiveView, seconds_until, served_keys, value_keys
from tests.soak.ledger import BACK_LIMIT_S, CLOSED_LIMIT_S, DEVICES, HUNG_LIMIT_S, IN_FLIGHT_US
from tests.soak.truth import Interval, Truth

SHORT_S, LONG_S = (15.0, 60.0), (15.0, 60.0, 600.0)
KINDS = ("closed", "frozen")
CALM_S = 12.0
NOTICE_LIMIT_S = 30.0
RETURN_LIMIT_S = 60.0
NEAR_US = 30_000_000
MOST_GROWTH_MB = 10.0
MOST_MORE_FILES = 2
LEAST_COVERED = 0.95


@dataclass(frozen=True)
class Outage:
    """What one server did and what the product showed of it."""

    server: str
    kind: str
    lasted_s: float
    bad_s: float
    back_s: float
    shown_good: int
    down: Interval
    begun_us: int
    """Before the first step was taken: the bad row lies no earlier."""

    @property
    def is_in_time(self) -> bool:
        limit_s = CLOSED_LIMIT_S if self.kind == "closed" else HUNG_LIMIT_S
        return self.bad_s <= limit_s and self.back_s <= BACK_LIMIT_S[self.server]


class OutageRun:
    """Takes both servers down at once, each watched by a thread of its own."""

    def __init__(self, demo: DemoRun) -> None:
        self._demo = demo
        self._views = {server: LiveView(demo.folder) for server in DEVICES}
        self._keys = {
            server: [key for device in devices for key in served_keys(demo.plant, device)]
            for server, devices in DEVICES.items()
        }
        self.outages: list[Outage] = []
        self.sizes: list[dict[str, float]] = []

    def wait_good(self, server: str, *, limit_s: float) -> float:
        view, keys = self._views[server], self._keys[server]
        return seconds_until(lambda: view.are_good(keys), limit_s=limit_s, what=f"{server} is good")

    def both(self, kind: str, lasting_s: float) -> None:
        """Take both servers down and back up, then look at the collector when it is calm again."""
        with ThreadPoolExecutor(len(DEVICES)) as pool:
            self.outages += pool.map(lambda server: self._one(server, kind, lasting_s), DEVICES)
        self.calm()

    def calm(self) -> None:
        """Let it rest, then note what the collector and its children hold."""
        time.sleep(CALM_S)
        self.sizes.append(_sizes(psutil.Process(self._demo.pid("collector"))))

    def _one(self, server: str, kind: str, lasting_s: float) -> Outage:
        view, keys = self._views[server], self._keys[server]
        begun_us = _now_us()
        (self._demo.kill if kind == "closed" else self._demo.freeze)(f"plant-{server}")
        gone_s, gone_us = time.monotonic(), _now_us()
        try:
            what = f"{server} is bad when {kind}"
            bad_s = seconds_until(lambda: view.are_bad(keys), limit_s=NOTICE_LIMIT_S, what=what)
            shown = self._count_good(server, until_s=gone_s + lasting_s)
        finally:
            down = Interval(gone_us + IN_FLIGHT_US, _now_us())
            self._bring_back(server, kind)
        back_s = self.wait_good(server, limit_s=RETURN_LIMIT_S)
        return Outage(server, kind, lasting_s, bad_s, back_s, shown, down, begun_us)

    def _bring_back(self, server: str, kind: str) -> None:
        if kind == "closed":
            self._demo.serve_again(server)
        else:
            self._demo.thaw(f"plant-{server}")

    def _count_good(self, server: str, *, until_s: float) -> int:
        count = 0
        while time.monotonic() < until_s:
            qualities = self._views[server].qualities(self._keys[server])
            count += int((qualities == QualityClass.GOOD).sum())
            time.sleep(0.2)
        return count

    def close(self) -> None:
        for view in self._views.values():
            view.close()


def _sizes(collector: psutil.Process) -> dict[str, float]:
    tree = [collector, *collector.children(recursive=True)]
    return {
        "rss_mb": round(sum(each.memory_info().rss for each in tree) / 2**20, 1),
        "files": sum(each.num_fds() for each in tree),
        "threads": sum(each.num_threads() for each in tree),
    }


class Holes:
    """What the history holds of the outages."""

    def __init__(self, truth: Truth, history: StoredHistory, outages: Sequence[Outage]) -> None:
        self._truth = truth
        self._history = history
        self._outages = outages

    def stored_good(self) -> int:
        """Return how many rows were stored as good while their device was away."""
        return sum(
            self._truth.good_while_down(device, [outage.down], self._history)
            for outage in self._outages
            for device in DEVICES[outage.server]
        )

    def without_mark(self) -> int:
        """Return for how many tags and outages no bad row says that it was one."""
        return sum(not self._is_marked(tag, outage) for outage, tag in self._each())

    def least_covered(self) -> float:
        """Return the smallest part of an outage that the trend of a tag draws as a gap."""
        return min(self._covered(tag, outage) for outage, tag in self._each())

    def due(self) -> dict[str, int]:
        """Return how many values of each device were due in the holes of its tags."""
        found: Counter[str] = Counter()
        for outage, tag in self._each():
            found[self._device(tag)] += self._due_in(tag, outage)
        return dict(found)

    def spread(self, device: str) -> int:
        """Return by how much a counter may differ: nobody sees whether a value told first was due."""
        if device in DEVICES["modbus"]:
            return 0
        return sum(self._device(tag) == device for _, tag in self._each())

    def _device(self, tag: Tag) -> str:
        return next(each.name for each in self._truth.plant.connections if each.id == tag.connection_id)

    def _each(self) -> Iterator[tuple[Outage, Tag]]:
        for outage in self._outages:
            for device in DEVICES[outage.server]:
                for key in value_keys(self._truth.plant, device):
                    yield outage, self._truth.plant.tag(key)

    def _is_marked(self, tag: Tag, outage: Outage) -> bool:
        stored = self._history.series(tag.key, start_us=outage.begun_us, end_us=outage.down.end_us)
        return bool((stored.quality & CLASS_MASK == QualityClass.BAD).any())

    def _covered(self, tag: Tag, outage: Outage) -> float:
        start_us, end_us = outage.down.start_us + round(HUNG_LIMIT_S * 1e6), outage.down.end_us
        trend = self._history.trend(
            tag.key, start_us=start_us - NEAR_US, end_us=end_us + NEAR_US, columns=1000
        )
        covered, reached_us = 0, start_us
        for gap in sorted(trend.gaps, key=lambda each: each.start_us):
            covered += max(0, min(gap.end_us, end_us) - max(gap.start_us, reached_us))
            reached_us = max(reached_us, gap.end_us)
        return covered / (end_us - start_us)

    def _due_in(self, tag: Tag, outage: Outage) -> int:
        """Count as a person would: from the last value before the bad row to the first one after it."""
        near = self._history.series(
            tag.key, start_us=outage.down.start_us - NEAR_US, end_us=outage.down.end_us + NEAR_US
        )
        is_bad = near.quality & CLASS_MASK == QualityClass.BAD
        inside = (near.time_us >= outage.begun_us) & (near.time_us <= outage.down.end_us)
        marks = np.flatnonzero(is_bad & inside)
        if not len(marks):
            return 0
        told_us = near.time_us[~is_bad]
        place = int(np.searchsorted(told_us, near.time_us[marks[0]]))
        away = (told_us[place] - told_us[place - 1]) / 1e6 / tag.period_s
        return max(0, int(np.ceil(away - JITTER_PERIODS)) - 1)


def main(arguments: list[str]) -> int:
    """Run it, print the figures as one JSON object, return 1 when a criterion fails."""
    parser = argparse.ArgumentParser(prog="outages")
    parser.add_argument("--long", action="store_true", help="ten minutes as well")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args(arguments)
    lengths_s = LONG_S if options.long else SHORT_S
    with tempfile.TemporaryDirectory(prefix="jidoka-soak-") as scratch:
        demo = DemoRun(options.data_dir or Path(scratch) / "demo", for_s=3 * sum(lengths_s) + 600)
        try:
            report = _run(demo, lengths_s)
        finally:
            demo.abandon()
    print(json.dumps(report, indent=1))
    return 0 if all(report["criteria"].values()) else 1


def _run(demo: DemoRun, lengths_s: Sequence[float]) -> dict[str, Any]:
    demo.start()
    run = OutageRun(demo)
    for server in DEVICES:
        run.wait_good(server, limit_s=60)
    run.calm()
    for lasting_s in lengths_s:
        for kind in KINDS:
            run.both(kind, lasting_s)
    run.close()
    code = demo.stop()
    return _report(demo, run, code=code)


def _report(demo: DemoRun, run: OutageRun, *, code: int) -> dict[str, Any]:
    status = demo.status()
    links = {each.name: dict(each.drops) for each in status.connections}
    with demo.store() as store:
        history = store.open_history_reader()
        holes = Holes(Truth(demo.folder, demo.order, demo.plant), history, run.outages)
        due = holes.due()
        lost = {device: links[device].get(LINK_DOWN, 0) for device in due}
        agrees = all(abs(lost[device] - due[device]) <= holes.spread(device) for device in due)
        found = {
            "stored_good_while_down": holes.stored_good(),
            "outages_without_a_mark": holes.without_mark(),
            "least_drawn_as_gap": round(holes.least_covered(), 4),
        }
        history.close()
    shown = sum(outage.shown_good for outage in run.outages)
    first, last = run.sizes[1], run.sizes[-1]
    return {
        "criteria": {
            "exit code 0": code == 0,
            "bad and good again within the limits": all(each.is_in_time for each in run.outages),
            "shown good while down: 0": shown == 0,
            "stored good while down: 0": found["stored_good_while_down"] == 0,
            "every outage is marked for every tag": found["outages_without_a_mark"] == 0,
            "every outage is drawn as a gap": found["least_drawn_as_gap"] >= LEAST_COVERED,
            "losses counted = values due in the holes": agrees,
            "received = stored, none dropped": status.samples_received == status.samples_stored
            and status.samples_dropped == 0,
            f"memory grows by at most {MOST_GROWTH_MB:g} MB": last["rss_mb"] - first["rss_mb"]
            <= MOST_GROWTH_MB,
            "files and threads stay": last["files"] - first["files"] <= MOST_MORE_FILES
            and last["threads"] <= first["threads"],
        },
        "outages": [_plain(outage) for outage in run.outages],
        **found,
        "shown_good_while_down": shown,
        "due_in_holes": due,
        "drops_by_link": links,
        "sizes": run.sizes,
    }


def _plain(outage: Outage) -> dict[str, Any]:
    return {
        "server": outage.server,
        "kind": outage.kind,
        "lasted_s": outage.lasted_s,
        "bad_s": round(outage.bad_s, 2),
        "back_s": round(outage.back_s, 2),
    }


def _now_us() -> int:
    return time.time_ns() // 1000
