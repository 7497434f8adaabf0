"""Commands as a user types them: help, refusals and exit codes, recordings, a diagnosis [F42, F78, F80]."""

import errno
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import commands
import main
from domain.instants import to_microseconds
from services.clock import SystemClock
from storage import data_folder
from storage.locks import InstanceLock, WriteLock
from storage.store import open_store

COMMANDS = (
    "app", "demo", "plant", "collect", "replay", "analyse", "screenshots", "self-check", "backup", "verify",
    "restore", "migrate", "import", "export",
)  # fmt: skip
RATE_HZ = 12_000
BPFI = 5.4152
"""Inner race passages a turn of the bearing 9 x 7.94 mm on 39.04 mm."""

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process; return exit code, output and complaints."""
    monkeypatch.setenv("JIDOKA_DATA_DIR", str(tmp_path / "default"))

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main.main([str(each) for each in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Command, name: str) -> None:
    code, told, _ = command(name, "--help")
    assert code == 0
    assert name in told
    assert "--data-dir" in told


def test_wrong_arguments_end_with_2(command: Command) -> None:
    for arguments in ([], ["nonsense"], ["collect", "--for", "soon"], ["analyse", "x.npz"], ["plant"]):
        assert command(*arguments)[0] == 2


def test_f42_a_file_in_place_of_the_data_folder_is_refused(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder", encoding="utf-8")
    code, _, complaint = command("collect", "--data-dir", place, "--for", 1)
    assert code == commands.EXIT_REFUSED
    assert str(place) in complaint
    assert place.read_text(encoding="utf-8") == "not a folder"


def test_f37_f39_a_full_disk_at_the_start_is_waited_for(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program starts with the PC: when there is room again it must come up by itself."""
    refusals = [OSError(errno.ENOSPC, "no room")] * 2

    def probe(folder: Path) -> None:
        if refusals:
            raise refusals.pop()

    monkeypatch.setattr(data_folder, "_probe_writing", probe)
    monkeypatch.setattr(commands, "RETRY_S", 0.1)
    code, _, complaint = command("collect", "--data-dir", tmp_path, "--for", 8)
    assert code == 0
    assert complaint.count("full disk") == 2
    assert (tmp_path / "runtime" / "status.json").exists()


def test_f39_a_database_that_another_program_holds_is_waited_for(command: Command, tmp_path: Path) -> None:
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    lock = WriteLock(tmp_path / "runtime" / "plant.write.lock")

    def let_go() -> None:
        with lock.held():
            time.sleep(9)  # longer than a start waits

    holder = threading.Thread(target=let_go)
    holder.start()
    code, _, complaint = command("collect", "--data-dir", tmp_path, "--for", 20)
    holder.join()
    assert (code, complaint) == (0, "")
    told = (tmp_path / "log" / "collector.log").read_text(encoding="utf-8")
    assert "another program holds" in told
    assert (tmp_path / "runtime" / "status.json").exists()


def test_stopping_what_does_not_run_is_refused_in_words(command: Command, tmp_path: Path) -> None:
    code, _, complaint = command("collect", "--stop", "--data-dir", tmp_path)
    assert code == commands.EXIT_REFUSED
    assert "nothing collects" in complaint


def test_f58_the_time_is_confirmed_by_a_command_that_the_audit_knows(
    command: Command, tmp_path: Path
) -> None:
    assert command("collect", "--confirm-clock", "--data-dir", tmp_path)[0] == commands.EXIT_REFUSED, (
        "no plant"
    )
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    assert command("collect", "--confirm-clock", "--data-dir", tmp_path)[0] == 0
    store = open_store(tmp_path, role="tool", clock=SystemClock())
    (entry,) = store.audit.entries(start_us=0, end_us=2**62)
    store.close()
    assert (entry.action, entry.detail["key"], entry.user_name) == (
        "save",
        "clock.confirmed",
        "confirm-clock",
    )


def test_f78_a_second_supervisor_learns_who_is_there(command: Command, tmp_path: Path) -> None:
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    with InstanceLock(tmp_path / "runtime", "supervisor"):
        code, _, complaint = command("collect", "--data-dir", tmp_path, "--for", 1)
    assert code == commands.EXIT_RUNNING
    assert "--data-dir" in complaint


def test_a_plant_without_its_order_is_refused(command: Command, tmp_path: Path) -> None:
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    code, _, complaint = command("plant", "--server", "modbus", "--data-dir", tmp_path, "--for", 1)
    assert code == commands.EXIT_REFUSED
    assert "demo plant" in complaint


@pytest.mark.parametrize(
    "content", [b"", b"data_folder = ", b"version = 99\n", b"\xff\xfe\x00", b"speed = 3\n"]
)
def test_f80_a_damaged_settings_file_is_told_and_left_as_it_was(
    command: Command, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "default" / main.SETTINGS_FILE
    file.parent.mkdir()
    file.write_bytes(content)
    code, _, complaint = command("self-check", "--help")
    assert code == 0
    assert str(file) in complaint
    assert file.read_bytes() == content


def test_damage_of_the_database_has_its_own_exit_code(command: Command, tmp_path: Path) -> None:
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    whole = (tmp_path / "plant.db").read_bytes()
    (tmp_path / "plant.db").write_bytes(b"\xff" * 100 + whole[100:])
    code, _, complaint = command("export", tmp_path / "out.json", "--data-dir", tmp_path)
    assert code == commands.EXIT_DAMAGED
    assert "plant.db" in complaint


@pytest.mark.parametrize("name", ["verify", "restore", "import"])
def test_a_file_that_is_not_there_is_refused(command: Command, tmp_path: Path, name: str) -> None:
    code, _, complaint = command(name, tmp_path / "gone.bin", "--data-dir", tmp_path / "plant")
    assert code == commands.EXIT_REFUSED
    assert "gone.bin" in complaint


# Backups


def test_commands_note_what_they_did_to_the_plant(command: Command, tmp_path: Path) -> None:
    """S-11: a copy, a check and a restore stand in the audit log of the plant they were done to."""
    folder = tmp_path / "plant"
    open_store(folder, role="tool", clock=SystemClock()).close()
    code, told, _ = command("backup", "--data-dir", folder)
    assert code == 0
    taken = Path(told.strip())
    assert command("verify", "--data-dir", folder)[0] == 0
    assert noted(folder) == [("back_up", "backup"), ("check", "stored_data")]
    assert command("restore", taken, "--dry-run", "--data-dir", folder)[0] == 0
    assert command("restore", taken, "--data-dir", folder)[0] == 0
    assert noted(folder) == [("restore", "backup")], "the copy was made before it was noted"


def test_a_copy_of_another_plant_is_restored_with_a_warning(command: Command, tmp_path: Path) -> None:
    for name in ("plant", "other"):
        open_store(tmp_path / name, role="tool", clock=SystemClock()).close()
    taken = command("backup", "--data-dir", tmp_path / "other")[1].strip()
    for more in (["--dry-run"], []):
        code, told, _ = command("restore", taken, "--json", *more, "--data-dir", tmp_path / "plant")
        assert code == 0
        assert "of another plant" in json.loads(told)["warning"]
    _, told, _ = command("restore", taken, "--json", "--dry-run", "--data-dir", tmp_path / "plant")
    assert json.loads(told)["warning"] == "", "it is this one now"


def noted(folder: Path) -> list[tuple[str, str]]:
    store = open_store(folder, role="tool", clock=SystemClock())
    entries = store.audit.entries(start_us=0, end_us=2**62)
    store.close()
    return [(each.action, each.kind) for each in entries if each.user_name in ("backup", "verify", "restore")]


def test_a_database_of_another_schema_is_copied_as_it_stands(command: Command, tmp_path: Path) -> None:
    """S-34: a copy before an upgrade must not upgrade what it is to keep."""
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    with closing(sqlite3.connect(tmp_path / "plant.db")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    code, told, _ = command("backup", "--data-dir", tmp_path)
    assert code == 0
    assert json.loads((Path(told.strip()) / "manifest.json").read_text())["schema"] == "9999"


# Recordings


def inner_race_record(path: Path) -> Path:
    """Write ten seconds of a worn inner race: shocks ring a resonance, the load zone modulates them."""
    speed_hz, count = 1797 / 60, 10 * RATE_HZ
    time_s = np.arange(count) / RATE_HZ
    chance = np.random.default_rng(4)
    moments = np.arange(0.01, 9.98, 1 / (BPFI * speed_hz))
    moments += chance.uniform(-1e-4, 1e-4, len(moments))
    signal = chance.normal(0, 0.05, count)
    for moment in moments:
        first = int(np.ceil(moment * RATE_HZ))
        since = time_s[first : first + 120] - moment
        strength = 0.55 + 0.45 * np.cos(2 * np.pi * speed_hz * moment)
        signal[first : first + 120] += strength * np.exp(-900 * since) * np.sin(2 * np.pi * 3200 * since)
    raw = np.round(signal * 1000).astype(np.int16)
    np.savez(path, DE=raw, DE_scale=0.001, FE=raw[::2], FE_scale=0.001, fs=float(RATE_HZ))
    return path


def test_analyse_names_a_worn_inner_race_as_json(command: Command, tmp_path: Path) -> None:
    path = inner_race_record(tmp_path / "r.npz")
    arguments = ["analyse", path, "--rpm", "1797", "--bearing", "9,7.94,39.04", "--json"]
    code, told, _ = command(*arguments)
    assert code == 0
    assert json.loads(told)["fault"] == "inner_race"
    assert json.loads(told)["channel"] == "DE"


def test_analyse_refuses_what_it_cannot_know(command: Command, tmp_path: Path) -> None:
    path = inner_race_record(tmp_path / "r.npz")
    bearing = ["--bearing", "9,7.94,39.04"]
    for more, words in ((["--rpm", "0"], "--rpm"), (["--rpm", "1797", "--channel", "XX"], "XX")):
        code, _, complaint = command("analyse", path, *more, *bearing)
        assert code == commands.EXIT_REFUSED
        assert words in complaint
    assert command("analyse", tmp_path / "gone.npz", "--rpm", "1797", *bearing)[0] == commands.EXIT_REFUSED


def replayed(command: Command, folder: Path, *files: Path) -> dict[str, Any]:
    code, told, complaint = command("replay", *files, "--data-dir", folder, "--json")
    assert code == 0, complaint
    report: dict[str, Any] = json.loads(told)
    assert report["dropped"] == 0
    assert report["readings_received"] == report["readings_stored"]
    return report


def test_replay_of_a_table_stores_every_value_where_it_was(command: Command, tmp_path: Path) -> None:
    """A table as SKAB has it: a row a second with holes in time and empty cells."""
    seconds = [*range(40), *range(60, 90)]
    rows = [f"2020-03-01 15:{s // 60:02}:{s % 60:02};{s * 0.5};{'' if s % 7 == 0 else s}" for s in seconds]
    path = tmp_path / "valve.csv"
    path.write_text("datetime;flow;pressure\n" + "\n".join(rows), encoding="utf-8")
    report = replayed(command, tmp_path / "out", path)
    empty = sum(s % 7 == 0 for s in seconds)
    assert report["files"]["valve"] == {
        "samples": 2 * len(seconds) - empty, "delivered": 2 * len(seconds) - empty, "gaps": 0,
    }  # fmt: skip
    stored = series_of(tmp_path / "out", "valve.flow")
    begin_us = to_microseconds(datetime(2020, 3, 1, 15, tzinfo=UTC))
    assert stored.time_us.tolist() == [begin_us + s * 1_000_000 for s in seconds]
    assert stored.value.tolist() == [s * 0.5 for s in seconds]


def series_of(folder: Path, name: str) -> Any:
    store = open_store(folder, role="tool", clock=SystemClock())
    history = store.open_history_reader()
    key = next(tag.key for tag in store.plant.load().tags if tag.name == name)
    series = history.series(key, start_us=0, end_us=2**62)
    history.close()
    store.close()
    return series


def test_replay_of_a_record_delivers_every_sample_and_its_figures(command: Command, tmp_path: Path) -> None:
    report = replayed(command, tmp_path / "out", inner_race_record(tmp_path / "d009.npz"))
    total = 10 * RATE_HZ + 10 * RATE_HZ // 2
    assert report["files"]["d009"] == {"samples": total, "delivered": total, "gaps": 0}
    assert report["waveform_samples_received"] == total
    assert report["figures"]["d009.DE.kurtosis"] > 3.5


def test_replay_of_a_life_keeps_its_gaps(command: Command, tmp_path: Path) -> None:
    """Snapshots as FEMTO has them: one every ten seconds, some of them missing."""
    acc = np.random.default_rng(1).integers(-900, 900, (5, 2560, 2)).astype(np.int16)
    path = tmp_path / "Bearing1_1.npz"
    index = np.array([1, 2, 3, 7, 9], dtype=np.int32)
    np.savez(path, acc=acc, scale=np.array([0.001, 0.001]), index=index, fs=25600.0)
    report = replayed(command, tmp_path / "out", path)
    assert report["files"]["Bearing1_1"] == {"samples": acc.size, "delivered": acc.size, "gaps": 2 * 4}


def test_replay_refuses_a_folder_that_holds_a_plant(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("t,a\n0,1\n1,2\n", encoding="utf-8")
    replayed(command, tmp_path / "out", path)
    code, _, complaint = command("replay", path, "--data-dir", tmp_path / "out")
    assert code == commands.EXIT_REFUSED
    assert "empty folder" in complaint
    assert (
        command("replay", tmp_path / "gone.csv", "--data-dir", tmp_path / "two")[0] == commands.EXIT_REFUSED
    )


@pytest.mark.dataset("skab")
def test_replay_of_skab(command: Command, tmp_path: Path, datasets: Path) -> None:
    report = replayed(command, tmp_path / "out", datasets / "valve1_0.csv.gz")
    (counts,) = report["files"].values()
    assert counts["samples"] == counts["delivered"] == report["readings_stored"] > 8000


@pytest.mark.dataset("cwru")
def test_replay_of_cwru(command: Command, tmp_path: Path, datasets: Path) -> None:
    path = datasets / "records" / "d001.npz"
    report = replayed(command, tmp_path / "out", path)
    with np.load(path) as content:
        arrays = [content[name] for name in content.files]
    total = sum(each.size for each in arrays if each.ndim == 1 and each.size > 9)
    assert report["files"]["d001"] == {"samples": total, "delivered": total, "gaps": 0}


@pytest.mark.dataset("femto")
def test_replay_of_femto(command: Command, tmp_path: Path, datasets: Path) -> None:
    path = datasets / "Bearing2_1.npz"
    report = replayed(command, tmp_path / "out", path)
    with np.load(path) as content:
        sampled, index = content["acc"].size, content["index"]
    counts = report["files"]["Bearing2_1"]
    assert report["waveform_samples_received"] == sampled
    assert counts["samples"] == counts["delivered"] >= sampled
    assert counts["gaps"] == 2 * (len(index) - 1)
