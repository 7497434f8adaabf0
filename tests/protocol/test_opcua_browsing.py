"""Looking around in a server's address space: one level at a time, paged, by namespace URI [ACQ-2]."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from acquisition.driver import Browser
from acquisition.drivers.opcua.driver import OpcUaDriver
from domain.errors import ConfigurationError, ConnectionLost
from domain.plant.discovery import FoundItem
from domain.plant.tags import Tag
from tests.protocol.opcua_child import URI
from tests.protocol.opcua_stage import ServerChild, plain_connection
from tests.protocol.stage import RealClock, tag
from tests.protocol.test_opcua_faults import launched

CROWD = 240


@pytest.fixture(scope="module")
def server() -> Iterator[ServerChild]:
    """A server that hands out 50 references at a time."""
    yield from launched(world=CROWD, browse_page=50)


@pytest.fixture
async def driver(server: ServerChild) -> AsyncIterator[OpcUaDriver]:
    driver = OpcUaDriver(plain_connection(server.port), clock=RealClock())
    await driver.connect()
    yield driver
    await driver.close()


async def below(driver: OpcUaDriver, *names: str) -> dict[str, FoundItem]:
    """Walk down by names; return what lies there."""
    place = ""
    for name in names:
        place = next(item for item in await driver.browse(place) if item.name == name).place
    return {item.name: item for item in await driver.browse(place)}


async def test_each_level_tells_folders_types_units_rates_and_present_values(driver: OpcUaDriver) -> None:
    assert isinstance(driver, Browser)
    root = await below(driver)
    assert root["Hall 7"].has_children
    assert root["Hall 7"].address is None
    assert root["Hall 7"].place == f"nsu={URI};s=hall"
    pump = await below(driver, "Hall 7", "Pump")
    speed = pump["Speed"]
    assert (speed.dtype, speed.unit, speed.value, speed.description) == (
        "Float",
        "Hz",
        "24.5",
        "at the coupling",
    )
    assert speed.address == {"namespace_uri": URI, "identifier": "speed", "id_type": "s"}
    assert not speed.has_children
    assert pump["Odd"].unit == "", "a unit that nobody knows is not guessed"
    assert pump["Odd"].address == {"namespace_uri": URI, "identifier": "77", "id_type": "i"}
    assert (pump["Batch"].dtype, pump["Batch"].value) == ("String", "A-17")
    shaking = pump["Shaking"]
    assert (shaking.is_array, shaking.sampling_rate_hz, shaking.value) == (True, 25600.0, "")


async def test_what_was_found_can_be_read(driver: OpcUaDriver) -> None:
    pump = await below(driver, "Hall 7", "Pump")
    owner = plain_connection(1)
    tags: list[Tag] = [tag(key, owner, pump[name].address or {}) for key, name in enumerate(["Speed", "Odd"])]
    assert (await driver.read(tags)).value.tolist() == [24.5, 3.0]


async def test_long_lists_are_fetched_page_by_page(driver: OpcUaDriver) -> None:
    crowd = await below(driver, "Hall 7", "Crowd")
    assert len(crowd) == CROWD
    assert crowd[f"Value {CROWD - 1}"].value == str(CROWD - 1)


async def test_a_search_finds_values_by_name_and_walks_in_no_circles(
    driver: OpcUaDriver,
) -> None:
    found = await driver.search("speed", place=f"nsu={URI};s=hall")
    assert [item.place for item in found] == [f"nsu={URI};s=speed"]
    assert found[0].unit == "Hz"
    assert len(await driver.search("VALUE 23")) == 11
    assert await driver.search("nothing of that name", place=f"nsu={URI};s=hall") == []


async def test_a_search_is_bounded_in_nodes_and_time_and_can_be_cancelled(driver: OpcUaDriver) -> None:
    assert await driver.search("Value", place=f"nsu={URI};s=hall", most_nodes=3) == []
    begun_s = time.monotonic()
    await driver.search("no such thing", within_s=0.05)
    assert time.monotonic() - begun_s < 2
    looking = asyncio.create_task(driver.search("no such thing"))
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert await driver.browse(), "the link goes on"


@pytest.mark.parametrize(
    "place", ["speed", "nsu=urn:nobody;s=a", "nsu=x", f"nsu={URI};i=word", f"nsu={URI};q=1"]
)
async def test_what_is_no_place_is_refused_by_name(driver: OpcUaDriver, place: str) -> None:
    with pytest.raises(ConfigurationError):
        await driver.browse(place)


async def test_nothing_is_browsed_without_a_link() -> None:
    with pytest.raises(ConnectionLost):
        await OpcUaDriver(plain_connection(1), clock=RealClock()).browse()
