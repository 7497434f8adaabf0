"""Link state, age and loss per asset before go-live [ACQ-8]."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from domain.plant.assets import Asset, AssetKind, Criticality
from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, GOOD, UNCERTAIN_RANGE
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Tag, TagKind
from domain.ports import ConnectionStatus, HistorySeries
from services.link_audit import audit_links, measure_loss

NOW = 2_000_000_000_000_000
SECOND = 1_000_000
LINE = Asset(UUID(int=1), None, AssetKind.LINE, "Line 1", "L1")
CALM = Asset(UUID(int=2), LINE.id, AssetKind.MACHINE, "Rinser", "RN1", 0, criticality=Criticality.C)
VITAL = Asset(UUID(int=3), LINE.id, AssetKind.MACHINE, "Filler", "FL1", 1, criticality=Criticality.A)
PLC = Connection(UUID(int=4), "PLC", ConnectionKind.MODBUS_TCP)
OPC = Connection(UUID(int=5), "OPC", ConnectionKind.OPCUA)


def tag(key: int, asset: Asset, owner: Connection | None) -> Tag:
    link = None if owner is None else owner.id
    return Tag(UUID(int=10 + key), key, f"t{key}", "T", TagKind.MEASURED, "A", asset.id, connection_id=link)


PLANT = Plant(
    (LINE, CALM, VITAL), (), (tag(1, CALM, PLC), tag(2, VITAL, PLC), tag(3, VITAL, OPC)), (PLC, OPC)
)
UP = (ConnectionStatus(PLC.id, "PLC", "connected", 0.1), ConnectionStatus(OPC.id, "OPC", "connected", 0.1))


class Live:
    """Three values: one old, the others as a test sets them."""

    def __init__(self, **quality: int) -> None:
        self.quality = {1: GOOD, 2: GOOD, 3: GOOD} | {int(k[1:]): v for k, v in quality.items()}
        self.source_us = {1: NOW - 2 * SECOND, 2: NOW - SECOND, 3: NOW - 3 * SECOND}

    def values(self, keys: list[int]) -> ReadingBatch:
        return reading_batch(
            keys, [1.0] * len(keys), quality=[self.quality[k] for k in keys],
            source_us=[self.source_us[k] for k in keys], receive_us=0,
        )  # fmt: skip


def test_critical_machines_come_first_with_age_and_links() -> None:
    filler, rinser = audit_links(PLANT, Live(), UP, now_us=NOW)  # type: ignore[arg-type]
    assert (filler.asset, rinser.asset) == (VITAL, CALM)
    assert filler.links == UP
    assert (filler.tags, filler.seen, filler.oldest_age_s, filler.is_ready) == (2, 2, 3.0, True)


def test_a_bad_an_old_and_a_never_seen_value_are_missing() -> None:
    bad = Live(t2=BAD_COMMUNICATION_LOST, t3=UNCERTAIN_RANGE)
    (filler, _) = audit_links(PLANT, bad, UP, now_us=NOW)  # type: ignore[arg-type]
    assert (filler.seen, filler.doubtful, filler.missing, filler.is_ready) == (1, 1, ("t2",), False)
    old = Live()
    old.source_us[2] = NOW - 60 * SECOND
    assert audit_links(PLANT, old, UP, now_us=NOW)[0].missing == ("t2",)  # type: ignore[arg-type]
    never = Live()
    never.source_us[3] = 0
    assert audit_links(PLANT, never, UP, now_us=NOW)[0].oldest_age_s is None  # type: ignore[arg-type]


def test_what_a_device_reports_by_itself_may_be_quiet() -> None:
    """An OPC UA value that has not changed for a day is good; a capture on schedule is due as if polled."""
    quiet = Live()
    quiet.source_us[3] = NOW - 86_400 * SECOND
    assert audit_links(PLANT, quiet, UP, now_us=NOW)[0].is_ready  # type: ignore[arg-type]
    capture = CaptureSchedule(length=1024, interval_s=60.0)
    streams = replace(PLANT.tags[2], sampling_rate_hz=1e3, capture=capture)
    plant = replace(PLANT, tags=(*PLANT.tags[:2], streams))
    assert audit_links(plant, quiet, UP, now_us=NOW)[0].missing == ("t3",)  # type: ignore[arg-type]


def test_a_machine_that_loses_values_is_not_ready() -> None:
    counted = (
        UP[0],
        replace(UP[1], drops={"server_queue_overflow": 5, "link_down": 70, "queue_overflow": 2}),
    )
    (filler, _) = audit_links(PLANT, Live(), counted, now_us=NOW)  # type: ignore[arg-type]
    assert (filler.lost, filler.is_ready) == (7, True)
    losing = audit_links(PLANT, Live(), UP, now_us=NOW, losses={VITAL.id: 0.02})[0]  # type: ignore[arg-type]
    assert not losing.is_ready


def test_a_link_that_is_down_is_not_ready() -> None:
    down = (replace(UP[0], state="not_answering"), UP[1])
    assert not audit_links(PLANT, Live(), down, now_us=NOW)[0].is_ready  # type: ignore[arg-type]


class Reader:
    """A history that holds nine of ten seconds of tag 2."""

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        times = np.arange(start_us, end_us, SECOND)
        times = times[np.arange(len(times)) % 10 != 0]
        quality = np.zeros(len(times), np.uint16)
        return HistorySeries(tag_key, times, np.ones(len(times)), quality, np.ones(len(times), np.int32))


def test_loss_is_measured_for_what_is_polled_and_since_the_start() -> None:
    loss = measure_loss(PLANT, VITAL, Reader(), now_us=NOW)  # type: ignore[arg-type]
    assert loss == pytest.approx(0.1)
    young = measure_loss(PLANT, VITAL, Reader(), now_us=NOW, since_us=NOW - 100 * SECOND)  # type: ignore[arg-type]
    assert young == pytest.approx(0.1, abs=0.02)
    newborn = measure_loss(PLANT, VITAL, Reader(), now_us=NOW, since_us=NOW - 30 * SECOND)  # type: ignore[arg-type]
    assert newborn is None, "too early to tell"
    only_subscribed = replace(PLANT, tags=(PLANT.tags[2],))
    assert measure_loss(only_subscribed, VITAL, Reader(), now_us=NOW) is None  # type: ignore[arg-type]
