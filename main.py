"""The program: arguments, settings, logging and exit codes. What a command does stands in ``commands``.

Exit codes: 0 done, 1 unexpected fault, 2 wrong arguments, 3 refused (set-up, place, rule), 4 database
damaged, 5 already running, 6 a check failed, 7 another collector took over or the database
server is away, 9 the collector failed too often.
"""

import argparse
import faulthandler
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
from domain.errors import AlreadyRunning, ControlRoomError, DatabaseDamaged
from storage.settings_file import DATABASE_VARIABLE, StartSettings, read_settings

SETTINGS_FILE = "jidoka.toml"
PLANTS_OF_THEIR_OWN = (commands.demo, commands.screenshots, commands.replay, commands.plant)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if getattr(sys, "frozen", False):
        import multiprocessing  # a program that is not frozen need not wait for it

        multiprocessing.freeze_support()
    settings = _settings()
    options = _parser(settings.data_folder or default_data_dir()).parse_args(arguments)
    logging.basicConfig(
        level=os.environ.get("JIDOKA_LOG_LEVEL", "WARNING" if sys.stderr.isatty() else settings.log_level),
        format=commands.LOG_FORMAT,
    )
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    logging.getLogger("pymodbus").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _choose_database(options, settings)
    try:
        code: int = options.run(options)
        return code
    except AlreadyRunning as error:
        return commands.refuse(error, commands.EXIT_RUNNING)
    except DatabaseDamaged as error:
        return commands.refuse(error, commands.EXIT_DAMAGED)
    except ControlRoomError as error:
        return commands.refuse(error, commands.EXIT_REFUSED)
    except KeyboardInterrupt:
        return 0


def _choose_database(options: argparse.Namespace, settings: StartSettings) -> None:
    """Name the database in the environment, for this process and those that it starts.

    What makes a plant of its own (demo, pictures, replay) goes to a server only when the command line says
    so, never into the plant's database by itself.
    """
    address = options.database
    if options.run in PLANTS_OF_THEIR_OWN:
        os.environ.pop(DATABASE_VARIABLE, None)
    elif not options.data_dir_given:
        address = address or os.environ.get(DATABASE_VARIABLE) or settings.database
    if address:
        os.environ[DATABASE_VARIABLE] = address


def _settings() -> StartSettings:
    """Read the file that says where the data lie; a bad one is told and left as it is [F80]."""
    reading = read_settings(default_data_dir() / SETTINGS_FILE)
    for complaint in reading.complaints:
        print(f"jidoka: {complaint}", file=sys.stderr)
    return reading.settings


def default_data_dir() -> Path:
    """Return the shared data folder: JIDOKA_DATA_DIR, ProgramData on Windows, else the user's data home."""
    if "JIDOKA_DATA_DIR" in os.environ:
        return Path(os.environ["JIDOKA_DATA_DIR"])
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Jidoka"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "Jidoka"


class _DataDir(argparse.Action):
    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        namespace.data_dir, namespace.data_dir_given = Path(values), True


def _numbers(names: tuple[str, ...], required: int) -> Callable[[str], dict[str, float]]:
    def parse(text: str) -> dict[str, float]:
        parts = [float(part) for part in text.split(",")]
        if not required <= len(parts) <= len(names):
            raise argparse.ArgumentTypeError(f"expected {','.join(names)}")
        return dict(zip(names, parts, strict=False))

    return parse


def _bearing(text: str) -> dict[str, Any]:
    names = ("elements", "element_diameter_mm", "pitch_diameter_mm", "contact_angle_deg")
    found: dict[str, Any] = dict(_numbers(names, 3)(text))
    return found | {"elements": int(found["elements"])}


def _orders(text: str) -> dict[str, float]:
    found = _numbers(("bpfo", "bpfi", "bsf2", "ftf"), 4)(text)
    bsf2 = found.pop("bsf2")
    return found | {"bsf": bsf2 / 2}


class _Parsers:
    """The parsers of all commands, with the options that several of them share."""

    def __init__(self, data_dir: Path) -> None:
        self.whole = argparse.ArgumentParser(prog="jidoka", description="Control room for factories.")
        self._commands = self.whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
        common = self._common = argparse.ArgumentParser(add_help=False)
        common.set_defaults(data_dir=data_dir, data_dir_given=False)
        common.add_argument("--data-dir", action=_DataDir, metavar="DIR", help="folder of the plant's data")
        common.add_argument("--for", dest="for_s", type=float, metavar="SECONDS", help="end after this time")
        common.add_argument(
            "--database", metavar="URL", help="postgresql://user@host/db shared by workstations, or sqlite"
        )
        common.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
        self.demo = argparse.ArgumentParser(add_help=False)
        self.demo.add_argument("--pace", type=float, help="ageing of the demo plant or speed of a replay")
        self.demo.add_argument("--seed", type=int, help="seed of the demo plant")
        self.status = argparse.ArgumentParser(add_help=False)
        self.status.add_argument(
            "--status", type=Path, metavar="FILE", help="rewrite this JSON file each second"
        )

    def add(
        self, name: str, run: Callable[[argparse.Namespace], int], *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        """Add a command; its help is the first line of its function."""
        summary = (run.__doc__ or "").strip().splitlines()[0]
        every = [self._common, *parents]
        made = self._commands.add_parser(name, help=summary, description=summary, parents=every)
        made.set_defaults(run=run)
        return made


def _parser(data_dir: Path) -> argparse.ArgumentParser:
    parsers = _Parsers(data_dir)
    _add_running(parsers)
    _add_recordings(parsers)
    _add_keeping(parsers)
    return parsers.whole


def _add_running(parsers: _Parsers) -> None:
    """Add what opens the window, serves or collects."""
    parsers.add("app", commands.app, parsers.status)
    demo = parsers.add("demo", commands.demo, parsers.demo, parsers.status)
    demo.add_argument("--no-window", action="store_true", help="collect and report without a window")
    plant = parsers.add("plant", commands.plant)
    plant.add_argument("--server", choices=("modbus", "opcua"), required=True)
    collect = parsers.add("collect", commands.collect, parsers.status)
    collect.add_argument("--stop", action="store_true", help="end the collector of this data folder")
    collect.add_argument(
        "--confirm-clock", action="store_true", help="say that this computer's time is right after a jump"
    )
    collect.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)


def _add_recordings(parsers: _Parsers) -> None:
    """Add what works on files of measurements, pictures and the program's own check."""
    replay = parsers.add("replay", commands.replay, parsers.demo)
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE")
    analyse = parsers.add("analyse", commands.analyse)
    analyse.add_argument("file", type=Path, metavar="FILE")
    analyse.add_argument("--channel", default="", help="channel of the file; default the first")
    analyse.add_argument("--rpm", type=float, required=True, help="shaft speed in r/min")
    analyse.add_argument("--fs", type=float, help="sampling rate in Hz when the file states none")
    bearing = analyse.add_mutually_exclusive_group(required=True)
    bearing.add_argument("--bearing", type=_bearing, metavar="N,d,D[,ANGLE]", help="geometry, mm and degrees")
    bearing.add_argument(
        "--orders", type=_orders, metavar="BPFO,BPFI,BSF2,FTF", help="multiples of shaft speed"
    )
    pictures = parsers.add("screenshots", commands.screenshots, parsers.demo)
    pictures.add_argument("--out", type=Path, default=Path("docs/screenshots"), metavar="DIR")
    parsers.add("self-check", commands.self_check)


def _add_keeping(parsers: _Parsers) -> None:
    """Add what copies, proves, moves and exchanges the data."""
    backup = parsers.add("backup", commands.backup)
    backup.add_argument("--to", type=Path, metavar="DIR", help="where the copy goes")
    backup.add_argument("--with-history", action="store_true", help="also history and waveforms")
    parsers.add("verify", commands.verify).add_argument(
        "file", type=Path, nargs="?", metavar="BACKUP", help="a backup; without it, the data in use"
    )
    restore = parsers.add("restore", commands.restore)
    restore.add_argument("file", type=Path, metavar="BACKUP")
    restore.add_argument("--dry-run", action="store_true", help="say what would happen")
    parsers.add("migrate", commands.migrate).add_argument(
        "--to", metavar="URL", help="move the plant to postgresql://user@host/db, or back to sqlite"
    )
    taking = parsers.add("import", commands.import_setup)
    taking.add_argument("file", type=Path, metavar="FILE")
    taking.add_argument("--dry-run", action="store_true", help="say what would happen")
    parsers.add("export", commands.export_setup).add_argument("file", type=Path, metavar="FILE")


if __name__ == "__main__":
    if sys.stderr is not None:
        faulthandler.enable()
    sys.exit(main())
