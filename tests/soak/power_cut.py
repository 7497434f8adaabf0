"""``power_cut [--cuts N] [--seed N]``: a thousand power cuts replayed from a recorded run [T-02, F35].

A child raises and acknowledges alarms and says of each transaction, after it returned, that it is
acknowledged. Its writes and syncs are recorded with strace. For each cut the files are rebuilt from what was
synced by then (variant A), or that and a random half of the later writes (variant B), and opened as after a
power cut: every acknowledged transaction must be there, none by half, the pages and the audit chain sound.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule, Priority, step
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from services.access import program_actor
from services.clock import SystemClock
from storage.store import open_store

TRANSACTIONS = 300
LIFE = (AlarmEvent.CONDITION_TRUE, AlarmEvent.ACKNOWLEDGE, AlarmEvent.CONDITION_FALSE)
SITE = Asset(UUID(int=1), None, AssetKind.SITE, "North", "N")
RULE = AlarmRule(UUID(int=2), SITE.id, Priority.HIGH, "link_lost")
_CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename,renameat2"
_LINE = re.compile(r"^(?:\[pid +)?(\d+)?\]? *(\w+)\((.*)\) += (-?\d+)")
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")


@dataclass
class Disk:
    """What a disk holds: the content of files, and the writes that may not have reached it."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    waiting: list[tuple[str, int, bytes]] = field(default_factory=list)

    def write(self, path: str, offset: int, content: bytes) -> None:
        self.waiting.append((path, offset, content))

    def truncate(self, path: str, size: int) -> None:
        self.sync(path)
        self.synced[path] = self.synced.get(path, bytearray())[:size]

    def sync(self, path: str) -> None:
        """Move everything that waits for this file to the platter."""
        rest = []
        for each in self.waiting:
            if each[0] == path:
                put(self.synced, *each)
            else:
                rest.append(each)
        self.waiting = rest

    def remove(self, path: str) -> None:
        self.synced.pop(path, None)
        self.waiting = [each for each in self.waiting if each[0] != path]

    def after_cut(self, chance: random.Random | None) -> dict[str, bytearray]:
        """Return the files after a cut; ``chance`` lets half of the later writes through, in any order."""
        files = {path: bytearray(content) for path, content in self.synced.items()}
        if chance is not None:
            for each in self.waiting:
                if chance.random() < 0.5:
                    put(files, *each)
        return files


def put(files: dict[str, bytearray], path: str, offset: int, content: bytes) -> None:
    """Write into a file, which grows with zeros."""
    body = files.setdefault(path, bytearray())
    if len(body) < offset:
        body.extend(bytes(offset - len(body)))
    body[offset : offset + len(content)] = content


def main(arguments: list[str]) -> int:
    """Record one run, replay cuts over it, print one JSON object; 1 when anything acknowledged was lost."""
    parser = argparse.ArgumentParser(prog="power_cut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        return _live(options.child)
    if shutil.which("strace") is None:
        print("power_cut needs strace", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        report = _replay(Path(place), options.cuts, random.Random(options.seed))
    print(json.dumps(report, indent=1))
    return 0 if not (report["lost"] or report["halves"] or report["damaged"]) and report["cuts"] else 1


# ---- the child


def _live(folder: Path) -> int:
    """Raise, acknowledge and return one alarm again and again; say each transaction after it is durable."""
    actor = program_actor("test")
    with closing(open_store(folder, role="collector", clock=SystemClock())) as store:
        with store.unit_of_work(actor) as work:
            work.plant.import_plant(Plant((SITE,)))
            work.alarm_rules.save(RULE)
        _tell(0)
        alarm = store.alarms.get(RULE.id)
        for number in range(1, TRANSACTIONS + 1):
            event = (AlarmEvent.CONDITION_TRUE, AlarmEvent.ACKNOWLEDGE, AlarmEvent.CONDITION_FALSE)[
                number % 3 - 1
            ]
            after = step(alarm, event, latching=False, at_us=number, by="Mia", note=f"{number}")
            with store.unit_of_work(actor) as work:
                work.alarms.compare_and_set(alarm, after, event=event)
                assert work.next_number("work_order") == number
            alarm = after
            _tell(number)
    return 0


def _tell(number: int) -> None:
    sys.stdout.write(f"acknowledged {number}\n")
    sys.stdout.flush()


# ---- the replay


def _replay(place: Path, cuts: int, chance: random.Random) -> dict[str, object]:
    folder, record = place / "data", place / "trace.txt"
    command = [
        "strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={_CALLS}", "-o", str(record),
        sys.executable, "-m", "tests.soak", "power_cut", "--child", str(folder),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    database = str(folder / "plant.db")
    moments = list(_moments(record, database))
    chosen = sorted(chance.sample(range(len(moments)), min(cuts // 2, len(moments))))
    found = {"cuts": 0, "acknowledged": 0, "lost": 0, "halves": 0, "damaged": 0}
    disk, acknowledged = Disk(), -1
    wanted = set(chosen)
    for number, act in enumerate(moments):
        acknowledged = _apply(disk, act, acknowledged)
        if number in wanted and acknowledged >= 0:
            for later in (None, chance):
                _judge(disk.after_cut(later), database, place / "cut", acknowledged, found)
    found["acknowledged"] = acknowledged
    return found | {"moments": len(moments)}


Act = tuple[str, str, int, bytes]
"""What happened: name, file, offset or size, content."""


def _moments(record: Path, database: str) -> Iterator[Act]:
    """Yield what happened to the database files, and the acknowledgements, in order."""
    for line in record.read_text(encoding="ascii", errors="replace").splitlines():
        found = _LINE.match(line)
        if found is None or int(found[4]) < 0:
            continue
        name, arguments = found[2], found[3]
        if name == "write" and _text(arguments).startswith(b"acknowledged "):
            yield ("acknowledged", "", int(_text(arguments).split()[1]), b"")
            continue
        path = _path(arguments) if name != "unlink" else _quoted(arguments).decode()
        if not path.startswith(database):
            continue
        if name == "pwrite64":
            yield (name, path, int(arguments.rsplit(", ", 1)[1]), _text(arguments))
        elif name == "ftruncate":
            yield (name, path, int(arguments.rsplit(", ", 1)[1]), b"")
        elif name in ("fsync", "fdatasync", "unlink"):
            yield (name, path, 0, b"")


def _apply(disk: Disk, act: Act, acknowledged: int) -> int:
    name, path, number, content = act
    match name:
        case "acknowledged":
            return number
        case "pwrite64":
            disk.write(path, number, content)
        case "ftruncate":
            disk.truncate(path, number)
        case "fsync" | "fdatasync":
            disk.sync(path)
        case "unlink":
            disk.remove(path)
    return acknowledged


def _judge(
    files: dict[str, bytearray], database: str, target: Path, acknowledged: int, found: dict[str, int]
) -> None:
    """Open the files as after the cut and compare with what had been acknowledged."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path, content in files.items():
        if not path.endswith("-shm"):
            (target / Path(path).name).write_bytes(content)
    (target / "plant.known").write_bytes((Path(database).parent / "plant.known").read_bytes())
    found["cuts"] += 1
    try:
        with closing(open_store(target, role="tool", clock=SystemClock(), check_s=30.0)) as store:
            journal = len(store.alarms.journal(0, 2**62))
            with store.unit_of_work(program_actor("look")) as work:
                orders = work.next_number("work_order") - 1
            found["lost"] += int(journal < acknowledged)
            found["halves"] += int(journal != orders)
            found["damaged"] += int(not store.audit.verify().is_sound)
    except Exception as error:
        print(f"cut after {acknowledged}: {error!r}", file=sys.stderr)
        found["damaged"] += 1


def _path(arguments: str) -> str:
    found = _DESCRIPTOR.match(arguments)
    return "" if found is None else _bytes(found[1]).decode(errors="replace")


def _text(arguments: str) -> bytes:
    return _quoted(arguments.split(", ", 1)[1])


def _quoted(arguments: str) -> bytes:
    first, last = arguments.find('"'), arguments.rfind('"')
    return _bytes(arguments[first + 1 : last])


def _bytes(text: str) -> bytes:
    """Turn ``\\x41\\x42`` into bytes."""
    return bytes.fromhex(text.replace("\\x", "")) if "\\x" in text else text.encode()
