"""The plant's ledger beside what the product delivered and stored: counts, checksums, qualities.

Counts are compared over closed intervals with tolerance zero. An interval begins and ends at lines of the
ledger at which nothing of the device was on its way: no stored row of it within ``QUIET_US`` of the line.
Seconds in which a device is being killed, frozen or started lie in no interval, nor do those in which it
stood still unasked, as its own ledger shows (``moving``).
"""

import json
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.simulators.opcua_server import DEVICE, FAILING_SENSOR
from acquisition.simulators.order import PlantOrder
from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.vibration import BLOCK, SAMPLING_RATE_HZ
from acquisition.simulators.wear import PlantTime
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.tags import Tag
from storage.history.reader import StoredHistory

QUIET_US = 30_000
FOLLOW_S = 0.2
SECOND = 1_000_000

STOOD_STILL_US = {"modbus": 1_800_000, "opcua": 3 * SECOND}
"""A server counts each second. One whose next count comes so late stood still itself, for as long as the
product waits for an answer (0.8 s) or for the server's clock to move (3 s), and is rightly called dead."""

UNPUBLISHED_US = 500_000
"""What a subscription's server wrote so shortly before it stopped waited for its next publishing (200 ms)
and was never sent: a calm stretch is judged up to here."""

SETTLED_US = 9 * SECOND
"""So long after it moves again, a server is good (5 s at most) and has been so for a while."""


@dataclass(frozen=True)
class Interval:
    """A stretch in which nothing was done to a device; microseconds UTC."""

    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


@dataclass
class Comparison:
    """What the ledger counted and what arrived over all intervals, and everything that differs."""

    served: int = 0
    stored: int = 0
    intervals: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return self.intervals > 0 and self.served == self.stored and not self.differences


def ledger_lines(folder: Path, server: str) -> list[dict[str, Any]]:
    """Return a server's ledger over all its runs."""
    path = folder / "ledger" / f"{server}.jsonl"
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue  # the server was killed while it wrote this line
    return lines


def served_lines(lines: Sequence[dict[str, Any]], interval: Interval) -> list[dict[str, Any]]:
    """Return the counting lines of an interval; they belong to one run of the server."""
    return [
        line
        for line in lines
        if line["kind"] == "served" and interval.start_us <= line["at_us"] <= interval.end_us
    ]


def moving(interval: Interval, lines: Sequence[dict[str, Any]], *, server: str) -> list[Interval]:
    """Return the parts of an interval in which a server went on counting."""
    counts = [line["at_us"] for line in served_lines(lines, interval)]
    parts, since_us = [], interval.start_us
    for earlier_us, later_us in pairwise((interval.start_us, *counts, interval.end_us)):
        if later_us - earlier_us > STOOD_STILL_US[server]:
            parts.append(Interval(since_us, earlier_us - UNPUBLISHED_US))
            since_us = later_us + SETTLED_US
    parts.append(Interval(since_us, interval.end_us))
    return [part for part in parts if part.length_us > 0]


class Truth:
    """The plant computed anew from its seed, and what the history holds of it."""

    def __init__(self, folder: Path, order: PlantOrder, plant: Plant) -> None:
        self.folder = folder
        self.order = order
        self.plant = plant
        self.model = PlantModel(PlantTime(order.epoch_us, order.pace), order.seed)

    def moving(self, server: str, intervals: Sequence[Interval]) -> list[Interval]:
        """Return the parts of some intervals in which a server of the plant went on counting."""
        lines = ledger_lines(self.folder, server)
        return [part for interval in intervals for part in moving(interval, lines, server=server)]

    def tags_of(self, device: str) -> list[Tag]:
        owner = next(each.id for each in self.plant.connections if each.name == device)
        return [tag for tag in self.plant.tags if tag.connection_id == owner]

    def polled(self, device: str, intervals: Sequence[Interval], history: StoredHistory) -> Comparison:
        """Compare the answers of a Modbus device with the rows stored of it."""
        found, lines = Comparison(), ledger_lines(self.folder, "modbus")
        for interval in intervals:
            times = np.sort(np.concatenate(list(self._good_times(device, interval, history))))
            quiet = [line for line in served_lines(lines, interval) if _is_quiet(line["at_us"], times)]
            if len(quiet) < 2:
                continue
            first, last = quiet[0], quiet[-1]
            served = last["samples"][device] - first["samples"][device]
            stored = int(((times > first["at_us"]) & (times <= last["at_us"])).sum())
            found.intervals += 1
            found.served += served
            found.stored += stored
            if served != stored:
                found.differences.append(f"{device} {interval}: {served} served, {stored} stored")
        return found

    def _good_times(
        self, device: str, interval: Interval, history: StoredHistory
    ) -> Iterator[np.ndarray[Any, Any]]:
        for tag in self.tags_of(device):
            series = history.series(
                tag.key, start_us=interval.start_us - SECOND, end_us=interval.end_us + SECOND
            )
            yield series.time_us[(series.quality & CLASS_MASK) == QualityClass.GOOD]

    def subscribed(self, intervals: Sequence[Interval], history: StoredHistory) -> Comparison:
        """Compare each second's writes of the OPC UA server with the rows stored: count and values."""
        found, lines = Comparison(), ledger_lines(self.folder, "opcua")
        scalars = [tag for tag in self.tags_of(DEVICE) if not tag.is_waveform]
        for interval in intervals:
            counting = served_lines(lines, interval)
            if len(counting) < 2:
                continue
            first, last = counting[0], counting[-1]
            low, high = (int(self._seconds(line["at_us"])) for line in (first, last))
            found.intervals += 1
            found.served += last["samples"][DEVICE] - first["samples"][DEVICE]
            for tag in scalars:
                found.stored += self._compare_seconds(tag, low, high, history, found)
        return found

    def _compare_seconds(
        self, tag: Tag, low: int, high: int, history: StoredHistory, found: Comparison
    ) -> int:
        written = self.order.epoch_us + np.arange(low + 1, high + 1, dtype=np.int64) * SECOND
        series = history.series(tag.key, start_us=int(written[0]), end_us=int(written[-1]) + 1)
        if not np.array_equal(series.time_us, written):
            missing = np.setdiff1d(written, series.time_us)
            more = np.setdiff1d(series.time_us, written)
            found.differences.append(f"{tag.name}: {len(missing)} seconds missing, {len(more)} not written")
            return len(series.time_us)
        good = (series.quality & CLASS_MASK) == QualityClass.GOOD
        seconds = (written[good] - self.order.epoch_us) / SECOND
        expected = np.array([self.model.values[tag.key].at(np.array([each]))[0] for each in seconds])
        wrong = int((expected.astype(np.float32) != series.value[good].astype(np.float32)).sum())
        if wrong:
            found.differences.append(f"{tag.name}: {wrong} values differ from the plant's")
        return len(series.time_us)

    def _seconds(self, at_us: int) -> float:
        return self.model.time.seconds(at_us)

    def sensor_failures(self) -> list[dict[str, Any]]:
        """Return the lines in which the plant says that its failing sensor fails."""
        return [line for line in ledger_lines(self.folder, "opcua") if line["kind"] == "sensor_bad"]

    def good_while_bad(self, history: StoredHistory) -> tuple[int, int]:
        """Return how often the plant said that its sensor fails, and how many good rows lie there."""
        told = [line["at_us"] for line in self.sensor_failures()]
        if not told:
            return 0, 0
        key = next(tag.key for tag in self.plant.tags if tag.name == FAILING_SENSOR)
        series = history.series(key, start_us=min(told), end_us=max(told) + 1)
        good = series.time_us[(series.quality & CLASS_MASK) == QualityClass.GOOD]
        return len(told), int(np.isin(good, told).sum())

    def good_while_down(self, device: str, downs: Sequence[Interval], history: StoredHistory) -> int:
        """Return how many rows of a device were stored as good while it did not run."""
        total = 0
        for down in downs:
            for tag in self.tags_of(device):
                series = history.series(tag.key, start_us=down.start_us, end_us=down.end_us)
                total += int(((series.quality & CLASS_MASK) == QualityClass.GOOD).sum())
        return total


def _is_quiet(at_us: int, times: np.ndarray[Any, Any]) -> bool:
    place = np.searchsorted(times, at_us)
    near = times[max(0, place - 1) : place + 1]
    return bool(len(near) == 2 and (np.abs(near - at_us) > QUIET_US).all())


class WaveformFollower(threading.Thread):
    """Reads every streaming channel from the ring as it grows and keeps the checksum of each block."""

    def __init__(self, truth: Truth) -> None:
        super().__init__(name="follower")
        self._truth = truth
        self._ending = threading.Event()
        self._index: dict[int, int] = {}
        self.keys = {
            tag.key: truth.model.channels[tag.key].name
            for tag in truth.tags_of(DEVICE)
            if tag.capture is not None and tag.capture.is_streaming
        }
        self.checksums: dict[str, dict[int, int]] = {name: {} for name in self.keys.values()}
        self.samples = 0
        self.lost_by_reader = 0
        self.misplaced = 0
        self.differing = 0
        self.compared = 0
        self._chance = np.random.default_rng(1)

    def run(self) -> None:
        ring = WaveformRing.open(self._truth.folder)
        while not self._ending.wait(FOLLOW_S):
            for key in self.keys:
                self._follow(ring, key)
        ring.close()

    def finish(self) -> None:
        """Read what is still on its way, then end."""
        time.sleep(5 * FOLLOW_S)
        self._ending.set()
        self.join()

    def _follow(self, ring: WaveformRing, key: int) -> None:
        index = self._index.setdefault(key, ring.write_index(key))
        window = None if index < 0 else ring.since(key, index=index)
        if index < 0:
            del self._index[key]
        if window is None:
            return
        self._index[key] = window.first_index + len(window.samples)
        self.samples += len(window.samples)
        place = (window.start_us - self._truth.order.epoch_us) * SAMPLING_RATE_HZ / 1e6
        first, rest = divmod(round(place), BLOCK)
        if rest or len(window.samples) % BLOCK or (window.quality & CLASS_MASK) != QualityClass.GOOD:
            self.misplaced += 1
            return
        self._keep(key, first, window.samples.reshape(-1, BLOCK))

    def _keep(self, key: int, first: int, blocks: np.ndarray[Any, Any]) -> None:
        kept = self.checksums[self.keys[key]]
        for number, block in enumerate(blocks, start=first):
            if number in kept:
                self.misplaced += 1
            kept[number] = zlib.crc32(block.tobytes())
        if self._chance.random() < 0.05:
            self.compared += 1
            expected = self._truth.model.channels[key].block(first)
            self.differing += not np.array_equal(expected, blocks[0])

    def compare(self, intervals: Sequence[Interval]) -> Comparison:
        """Compare block numbers, sample counts and checksums with the ledger."""
        found, lines = Comparison(), ledger_lines(self._truth.folder, "opcua")
        for interval in intervals:
            counting = [line for line in served_lines(lines, interval) if line["blocks"]]
            if len(counting) < 2:
                continue
            found.intervals += 1
            for name, kept in self.checksums.items():
                self._compare_channel(name, kept, counting, found)
        return found

    def _compare_channel(
        self, name: str, kept: dict[int, int], counting: Sequence[dict[str, Any]], found: Comparison
    ) -> None:
        first, last = counting[0], counting[-1]
        low, high = first["blocks"][name][0], last["blocks"][name][0]
        delivered = sum(low < number <= high for number in kept)
        served = last["samples"][name] - first["samples"][name]
        found.served += served
        found.stored += delivered * BLOCK
        if served != delivered * BLOCK:
            found.differences.append(f"{name}: {served} samples served, {delivered * BLOCK} delivered")
        for line in counting[1:]:
            number, checksum = line["blocks"][name]
            if kept.get(number) != checksum:
                found.differences.append(f"{name}: block {number} differs or is missing")
