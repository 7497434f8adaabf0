"""A share and a name server hang, and the collector still ends in time [F56]."""

import contextlib
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from acquisition.shared_memory.segments import ControlSegment
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from services.access import program_actor
from services.clock import SystemClock
from services.supervision import STOP_LIMIT_S
from storage.store import open_store

pytestmark = pytest.mark.timeout(120)
SITE = Asset(UUID(int=1), None, AssetKind.SITE, "Works", "W")

CHILD = """
import os, socket, sys, time
from pathlib import Path
from tests.services.intake_stage import main

scandir, getaddrinfo = os.scandir, socket.getaddrinfo

def hang(what):
    print(what, flush=True)
    time.sleep(600)

def look(place="."):
    return hang("share") if str(place).endswith("share") else scandir(place)

def look_up(host, *more, **named):
    return hang(host) if str(host).endswith(".plant") else getaddrinfo(host, *more, **named)

os.scandir, socket.getaddrinfo = look, look_up
main(Path(sys.argv[1]))
"""
"""Only the calls of the system are played: a real share that hangs needs the machine's administrator."""

UNSIGNED = {"endpoint": "opc.tcp://opcua.plant:4840", "security": "None", "waiver": True}
LINKS = (
    Connection(UUID(int=2), "Share", ConnectionKind.FILES, {"path": "/nowhere/share"}),
    Connection(UUID(int=3), "Line", ConnectionKind.MODBUS_TCP, {"host": "modbus.plant"}),
    Connection(UUID(int=4), "Broker", ConnectionKind.MQTT, {"host": "mqtt.plant"}),
    Connection(UUID(int=5), "Cell", ConnectionKind.OPCUA, UNSIGNED),
)

ADDRESSES: tuple[dict[str, object], ...] = (
    {"channel": "a", "file": "*.csv"},
    {"offset": 1},
    {"topic": "a"},
    {"namespace_uri": "urn:plant", "identifier": "1", "id_type": "i"},
)


def furnish(data: Path) -> None:
    tags = tuple(
        Tag(UUID(int=20 + key), key, f"W.{key}", link.name, TagKind.MEASURED, "1", SITE.id,
            connection_id=link.id, address=address)
        for key, (link, address) in enumerate(zip(LINKS, ADDRESSES, strict=True), start=1)
    )  # fmt: skip
    with contextlib.closing(open_store(data, role="tool", clock=SystemClock())) as store:
        with store.unit_of_work(program_actor("test")) as work:
            work.plant.import_plant(Plant((SITE,), (), tags, LINKS, site_name="Works"))


def test_a_collector_whose_links_hang_ends_in_time(tmp_path: Path) -> None:
    """Its supervisor kills what does not end by itself, and then nothing is flushed or given back."""
    furnish(tmp_path)
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            hanging = {child.stdout.readline().strip() for _ in LINKS}
            assert hanging == {"share", "modbus.plant", "mqtt.plant", "opcua.plant"}
            with contextlib.closing(ControlSegment.open(tmp_path)) as control:
                control.request_stop()
            assert child.wait(timeout=STOP_LIMIT_S) == 0
        finally:
            child.kill()
