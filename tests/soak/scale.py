"""``scale [--for SECONDS]``: ten thousand tags at 1 Hz from several servers, nothing lost.

Eight Modbus devices with a thousand registers each and two OPC UA servers with a thousand variables each
serve counters on loopback; ``main.py collect`` reads them as it reads a plant. Every stored value is compared
with what was served: one value a second and tag, each one higher. CPU and memory are those of all processes
of the collector.
"""

import argparse
import asyncio
import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK
from domain.plant.tags import Connection, ConnectionKind, Tag, TagDtype, TagKind
from services.access import program_actor
from services.clock import SystemClock
from services.launching import program_command, request_stop
from services.status import FILE_NAME, SystemStatus, read_status
from storage.store import open_store
from tests.soak.demo_run import seconds_until

MODBUS_DEVICES, OPCUA_SERVERS, TAGS_A_SERVER = 8, 2, 1000
URI = "urn:jidoka:scale"
WARM_UP_S = 180.0
RSS_LIMIT_MB = 5.0
CPU_LIMIT_CORES = 1.0


def main(arguments: list[str]) -> int:
    """Run, compare, print one JSON object; 1 when a criterion fails."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--for", dest="for_s", type=float, default=600.0)
    parser.add_argument("--serve", nargs=2, metavar=("KIND", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        _serve(options.serve[0], int(options.serve[1]))
        return 0
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        report = _run(Path(place), options.for_s, stack)
    print(json.dumps(report, indent=1))
    return 0 if all(report["criteria"].values()) else 1


# ---- the servers, each in a process of its own


def _serve(kind: str, port: int) -> None:
    asyncio.run(_serve_modbus(port) if kind == "modbus" else _serve_opcua(port))


async def _serve_modbus(port: int) -> None:
    """Answer every read of registers with the present second, modulo 65,536."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                transaction, unit, function, _, count = struct.unpack(
                    ">H4xBBHH", await reader.readexactly(12)
                )
                words = struct.pack(">H", int(time.time()) & 0xFFFF) * count
                head = struct.pack(">HHHBBB", transaction, 0, 3 + len(words), unit, function, len(words))
                writer.write(head + words)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


async def _serve_opcua(port: int) -> None:
    """Write the next number to a thousand variables each second, with the time at which it was due."""
    from asyncua import Server, ua

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    nodes = [ua.NodeId(f"tag.{number}", index) for number in range(TAGS_A_SERVER)]
    for node in nodes:
        await server.nodes.objects.add_variable(node, node.Identifier, 0.0, ua.VariantType.Double)
    await server.start()
    print("ready", flush=True)
    second = int(time.time()) + 1
    while True:
        await asyncio.sleep(max(0.0, second - time.time()))
        at = datetime.fromtimestamp(second, UTC).replace(tzinfo=None)
        value = ua.DataValue(ua.Variant(float(second & 0xFFFF), ua.VariantType.Double), SourceTimestamp=at)
        for node in nodes:
            await server.iserver.aspace.write_attribute_value(node, ua.AttributeIds.Value, value)
        second += 1


@contextmanager
def _server(kind: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.soak", "scale", "--serve", kind, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"ready"
        try:
            yield
        finally:
            child.kill()


# ---- the plant


def _plant(ports: dict[str, list[int]]) -> Plant:
    site = Asset(new_id(), None, AssetKind.SITE, "Scale", "S")
    connections, tags = [], []
    for kind, of_kind in ports.items():
        for number, port in enumerate(of_kind):
            owner = _connection(kind, number, port)
            connections.append(owner)
            for place in range(TAGS_A_SERVER):
                tags.append(_tag(len(tags) + 1, owner, place, site))
    return Plant((site,), (), tuple(tags), tuple(connections), "UTC", "Scale")


def _connection(kind: str, number: int, port: int) -> Connection:
    if kind == "modbus":
        options: dict[str, object] = {"host": "127.0.0.1", "port": port}
        return Connection(new_id(), f"PLC-{number}", ConnectionKind.MODBUS_TCP, options)
    options = {"endpoint": f"opc.tcp://127.0.0.1:{port}/", "security": "None", "waiver": True}
    return Connection(new_id(), f"OPC-{number}", ConnectionKind.OPCUA, options)


def _tag(key: int, owner: Connection, place: int, site: Asset) -> Tag:
    address: dict[str, object] = {"namespace_uri": URI, "identifier": f"tag.{place}"}
    if owner.kind is ConnectionKind.MODBUS_TCP:
        address = {"offset": place, "type": "uint16"}
    return Tag(
        new_id(), key, f"{owner.name}.{place}", f"Value {place}", TagKind.MEASURED, "1", site.id,
        connection_id=owner.id, address=address, dtype=TagDtype.FLOAT32,
    )  # fmt: skip


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


# ---- the run


def _run(folder: Path, for_s: float, stack: ExitStack) -> dict[str, Any]:
    ports = {"modbus": _free_ports(MODBUS_DEVICES), "opcua": _free_ports(OPCUA_SERVERS)}
    for kind, of_kind in ports.items():
        for port in of_kind:
            stack.enter_context(_server(kind, port))
    plant = _plant(ports)
    store = open_store(folder, role="tool", clock=SystemClock())
    with store.unit_of_work(program_actor("scale")) as work:
        work.plant.import_plant(plant)
    store.close()
    log = stack.enter_context((folder / "collect.log").open("wb"))
    command = program_command("collect", "--data-dir", str(folder))
    collector = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
    seconds_until(lambda: _good(folder) == len(plant.tags), limit_s=60, what="every tag is good", poll_s=0.2)
    from_us, begun_s = time.time_ns() // 1000, time.monotonic()
    watched = _watch(psutil.Process(collector.pid), for_s)
    until_us, status = time.time_ns() // 1000, _status(folder)
    wall_s = time.monotonic() - begun_s
    request_stop(folder)
    collector.wait(timeout=60)
    found = _compare(folder, plant, from_us + 5_000_000, until_us - 5_000_000)
    return _report(plant, watched, found, status, wall_s)


def _status(folder: Path) -> SystemStatus | None:
    return read_status(folder / "runtime" / FILE_NAME)


def _good(folder: Path) -> int:
    status = _status(folder)
    return 0 if status is None else status.tags_good


def _watch(collector: psutil.Process, for_s: float) -> dict[str, Any]:
    """Sample CPU and memory of the process tree every ten seconds."""
    begun_s, first_cpu_s = time.monotonic(), _cpu_s(collector)
    rows: list[tuple[float, float]] = []
    while (elapsed_s := time.monotonic() - begun_s) < for_s:
        rows.append((elapsed_s, _rss_mb(collector)))
        time.sleep(min(10.0, for_s - elapsed_s))
    cores = (_cpu_s(collector) - first_cpu_s) / (time.monotonic() - begun_s)
    late = [row for row in rows if row[0] >= min(WARM_UP_S, for_s / 3)]
    slope_mb_s = float(np.polyfit(*zip(*late, strict=True), 1)[0]) if len(late) > 2 else 0.0
    growth_mb = slope_mb_s * (late[-1][0] - late[0][0])
    return {"cores": cores, "rss_mb": rows[-1][1], "growth_mb": growth_mb}


def _tree(collector: psutil.Process) -> list[psutil.Process]:
    return [collector, *collector.children(recursive=True)]


def _cpu_s(collector: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in _tree(collector))


def _rss_mb(collector: psutil.Process) -> float:
    return sum(each.memory_info().rss for each in _tree(collector)) / 2**20


def _compare(folder: Path, plant: Plant, from_us: int, until_us: int) -> dict[str, Any]:
    """Look at every tag: values stored a second, steps of the counter, values that were never served."""
    store = open_store(folder, role="tool", clock=SystemClock())
    reader = store.open_history_reader()
    missing = wrong = bad = stored = 0
    kinds = {each.id: each.kind for each in plant.connections}
    for tag in plant.tags:
        series = reader.series(tag.key, start_us=from_us, end_us=until_us)
        is_good = series.quality & CLASS_MASK == 0
        bad += int((~is_good).sum())
        seconds, values = series.time_us[is_good] / 1e6, series.value[is_good]
        stored += len(values)
        if kinds[tag.connection_id or tag.id] is ConnectionKind.OPCUA:
            missing += int((np.diff(values) - 1).clip(0).sum())
        else:
            missing += int((np.round(np.diff(seconds)) - 1).clip(0).sum())
        served = np.floor(seconds) % 65_536
        off = np.abs(values - served)
        wrong += int((np.minimum(off, 65_536 - off) > 1).sum())
    reader.close()
    store.close()
    span_s = (until_us - from_us) / 1e6
    return {
        "stored": stored,
        "due": round(span_s * len(plant.tags)),
        "missing": missing,
        "wrong": wrong,
        "bad": bad,
    }


def _report(
    plant: Plant, watched: dict[str, Any], found: dict[str, Any], status: SystemStatus | None, wall_s: float
) -> dict[str, Any]:
    drops = {} if status is None else dict(status.drops)
    return {
        "criteria": {
            "no value missing": found["missing"] == 0,
            "no value that was not served": found["wrong"] == 0,
            "none bad": found["bad"] == 0,
            "nothing dropped": not drops,
            f"under {CPU_LIMIT_CORES:g} core": watched["cores"] < CPU_LIMIT_CORES,
            f"memory grows by at most {RSS_LIMIT_MB:g} MB": watched["growth_mb"] <= RSS_LIMIT_MB,
        },
        "tags": len(plant.tags),
        "seconds": round(wall_s, 1),
        **found,
        "drops": drops,
        "cores": round(watched["cores"], 3),
        "rss_mb": round(watched["rss_mb"], 1),
        "rss_growth_mb": round(watched["growth_mb"], 2),
        "loop_lag_ms": None if status is None else status.loop_lag_ms,
        "links": []
        if status is None
        else [(each.name, each.state, each.drops) for each in status.connections],
    }
