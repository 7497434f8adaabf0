"""The collector learns that somebody changed what it is built on, once the changes have settled [SET-1]."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind
from services.access import program_actor
from services.set_up_watch import SETTLED_S, SetUpWatch
from storage.store import Store, open_store
from tests.conftest import FakeClock

SITE = Asset(UUID(int=1), None, AssetKind.SITE, "North", "N")
LINK = Connection(UUID(int=2), "PLC", ConnectionKind.MODBUS_TCP, {"host": "127.0.0.1"})


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path, role="tool", clock=clock)
    with opened.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(Plant((SITE,), (), (), (LINK,)))
    yield opened
    opened.close()


def test_a_changed_link_counts_after_a_moment_of_rest(store: Store, clock: FakeClock) -> None:
    watch = SetUpWatch(store, clock=clock)
    watch.look()
    assert not watch.is_outdated
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.save_connection(replace(LINK, is_enabled=False))
    watch.look()
    assert not watch.is_outdated, "more may follow"
    clock.advance(SETTLED_S)
    assert watch.is_outdated


def test_a_new_name_of_an_asset_needs_no_new_collector(store: Store, clock: FakeClock) -> None:
    watch = SetUpWatch(store, clock=clock)
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.save_asset(replace(SITE, name="South"))
    watch.look()
    clock.advance(10)
    assert not watch.is_outdated
