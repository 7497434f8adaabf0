"""A changed set-up builds the collector anew in the same process, on the same store [NEW-31, F44]."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.shared_memory.segments import ControlSegment
from domain.plant.plant import Plant
from domain.roles import Actor
from services.clock import SystemClock
from services.collector import Collector, CollectorOptions
from storage.server import HURRY_S
from storage.store import open_store
from tests.storage.postgresql_stage import PostgresServer, running_server
from tests.storage.stored_plant import engineer, small_plant  # noqa: F401

pytestmark = pytest.mark.timeout(90)


async def test_it_waits_for_its_server_as_long_as_before(
    postgresql: PostgresServer,
    tmp_path: Path,
    small_plant: Plant,  # noqa: F811
    engineer: Actor,  # noqa: F811
) -> None:
    """Only a program that ends is in a hurry: who goes on outlasts a server that stands still a moment."""
    clock = SystemClock()
    control = ControlSegment.create(tmp_path)
    with running_server() as server:
        store = open_store(tmp_path, role="collector", clock=clock, database=server.fresh_database())
        assert store.wait_for_lease()
        with store.unit_of_work(engineer) as work:
            work.plant.import_plant(small_plant)
        collecting = asyncio.create_task(
            Collector(store, control, CollectorOptions(tmp_path), clock=clock).run()
        )
        await asyncio.sleep(1.5)
        with store.unit_of_work(engineer) as work:
            work.plant.save_tag(replace(store.plant.load().tag(1), label="Another"))
        assert await asyncio.wait_for(collecting, 40), "to be built anew"
        server.freeze()
        thaw = threading.Timer(HURRY_S + 1.5, server.thaw)
        thaw.start()
        found = await asyncio.to_thread(store.plant.load)
        thaw.join()
        assert found.tag(1).label == "Another"
        store.close()
    control.close()
