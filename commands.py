"""What each command does. A command imports only what it needs; ``main`` gives it its options."""

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import ControlRoomError, LeaseLost, StorageError

EXIT_REFUSED, EXIT_DAMAGED, EXIT_RUNNING, EXIT_CHECK, EXIT_STANDS_BY = 3, 4, 5, 6, 7
"""Set-up, place or rule; database damaged; already running; a check failed; another one collects."""

T = TypeVar("T")

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
BOUNDED_DEMO_S = 20.0
RETRY_S = 2.0

PICTURE_PACE, PICTURE_ALARMS, PICTURE_LIMIT_S = 12_000.0, 4, 300.0
"""Pictures are taken of machines that wear quickly, once so many alarms are active."""


def app(options: argparse.Namespace) -> int:
    """Open the control room; start collecting unless somebody already does."""
    from services.launching import is_held, launch

    folder: Path = options.data_dir
    if not is_held(folder / "runtime" / "collector.lock"):
        launch("collect", "--data-dir", str(folder), log=folder / "log" / "collect.log", is_detached=True)
    return _window(options)


def demo(options: argparse.Namespace) -> int:
    """Open the living demo plant."""
    from services.demo_session import DemoSession

    folder = options.data_dir if options.data_dir_given else options.data_dir / "demo"
    options.data_dir = folder
    if not options.no_window:
        from ui.control_room import call_other_window

        call_other_window(folder)
    session = DemoSession(folder, seed=options.seed, pace=options.pace, status_file=options.status)
    session.start(progress=_print_progress)
    try:
        if options.no_window:
            return session.report(for_s=options.for_s, as_json=options.json)
        if _is_offscreen() and options.for_s is None:
            options.for_s = BOUNDED_DEMO_S
            return _offscreen_demo(session, options)
        return _window(options)
    finally:
        session.stop()


def _offscreen_demo(session: Any, options: argparse.Namespace) -> int:
    """Without a display: print what is read, write pictures, end after a bounded time."""
    from services.clock import SystemClock
    from ui.screenshots import take_screenshots

    print(f"No display: the demo runs offscreen for {options.for_s:.0f} s.")
    code: int = session.report(for_s=options.for_s, as_json=options.json)
    target = Path("screenshots")
    pictures = take_screenshots(options.data_dir, target, clock=SystemClock(), is_complete=False)
    print(f"{len(pictures)} screenshots written to {target.resolve()}")
    return code


def plant(options: argparse.Namespace) -> int:
    """Serve the demo plant's devices (the demo starts them; alone they serve other clients too)."""
    import asyncio

    from acquisition.simulators.order import SERVER_PKI, PlantOrder, order_file
    from acquisition.simulators.process import serve_plant
    from services.clock import SystemClock
    from services.launching import StopWatch
    from storage.locks import InstanceLock

    folder: Path = options.data_dir
    with InstanceLock(folder / "runtime", f"plant-{options.server}"):
        asyncio.run(
            serve_plant(
                PlantOrder.load(order_file(folder)),
                server=options.server,
                ledger_folder=folder / "ledger",
                pki_folder=folder / SERVER_PKI,
                clock=SystemClock(),
                should_stop=_until(options.for_s, StopWatch(folder).should_stop),
            )
        )
    return 0


def collect(options: argparse.Namespace) -> int:
    """Collect without a window: the supervisor keeps a collector running until it is told to stop."""
    if options.worker:
        return _collector(options)
    if options.stop:
        from services.launching import request_stop

        if request_stop(options.data_dir):
            return 0
        print(f"jidoka: nothing collects for {options.data_dir}", file=sys.stderr)
        return EXIT_REFUSED
    if options.confirm_clock:
        from services.keeping import confirm_clock

        confirm_clock(options.data_dir)
        return 0
    from services.launching import launch
    from services.supervision import Supervisor
    from storage.data_folder import prepare_data_folder
    from storage.locks import InstanceLock

    until = _until(options.for_s)
    data = _once_possible(lambda: prepare_data_folder(options.data_dir), until=until)
    worker = ["collect", "--worker", "--data-dir", str(options.data_dir)]
    if options.status:
        worker += ["--status", str(options.status)]
    with InstanceLock(data.runtime, "supervisor"):
        supervisor = Supervisor(options.data_dir, lambda: launch(*worker, log=data.log / "collector.log"))
        _stop_on_signals(supervisor.stop)
        return supervisor.run(until=until)


def _once_possible(act: Callable[[], T], *, until: Callable[[], bool]) -> T:
    """Do it once reasons that pass, such as a full disk, are gone: what starts with the PC must come up."""
    from services.durable_queue import is_passing

    while True:
        try:
            return act()
        except StorageError as error:
            if not is_passing(error) or until():
                raise
            refuse(error, EXIT_REFUSED)
            time.sleep(RETRY_S)


def _collector(options: argparse.Namespace) -> int:
    import asyncio

    from acquisition.shared_memory.segments import ControlSegment
    from services.clock import SystemClock
    from services.collector import Collector, CollectorOptions
    from services.durable_queue import is_passing
    from storage.store import open_store

    clock = SystemClock()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = ControlSegment.open(options.data_dir)

    def stands_by() -> bool:
        control.beat("collector_beat_ns")
        return control.is_stop_requested

    try:
        with closing(open_store(options.data_dir, role="collector", clock=clock)) as store:
            if not store.wait_for_lease(stands_by):
                return 0
            status_files = (options.status,) if options.status else ()
            settings = CollectorOptions(options.data_dir, status_files)
            while asyncio.run(Collector(store, control, settings, clock=clock).run()):
                logging.getLogger(__name__).info("the set-up has changed; collecting with the new one")
    except LeaseLost as error:
        return refuse(error, EXIT_STANDS_BY)
    except StorageError as error:
        if not is_passing(error):
            raise
        _tell_waiting(options, error, now_us=clock.now_us())
        time.sleep(RETRY_S)  # PCs and servers often start together: the supervisor tries again
        return refuse(error, EXIT_STANDS_BY)
    return 0


def _tell_waiting(options: argparse.Namespace, error: StorageError, *, now_us: int) -> None:
    """Say in the status why nothing is collected; a disk that is full cannot take even that."""
    from services.status import FILE_NAME, waiting_status, write_status

    status = waiting_status(f"nothing is collected yet: {error}", now_us=now_us)
    for path in (options.data_dir / "runtime" / FILE_NAME, options.status):
        if path is not None:
            with suppress(OSError):
                write_status(path, status)


def replay(options: argparse.Namespace) -> int:
    """Replay recordings through the driver, history and analysis that a plant would use."""
    from services.replay import replay_recordings

    report = replay_recordings(
        options.files, folder=options.data_dir, pace=options.pace or 0.0, for_s=options.for_s
    )
    print(json.dumps(report) if options.json else _lines(report))
    return 0


def analyse(options: argparse.Namespace) -> int:
    """Analyse one recorded waveform and print figures, diagnosis and evidence as JSON."""
    from domain.plant.bearings import BearingGeometry, DefectOrders
    from services.analyse import AnalyseOrder, analyse_record

    orders = DefectOrders(**options.orders) if options.orders else None
    geometry = BearingGeometry("given", **options.bearing) if options.bearing else None
    order = AnalyseOrder(
        options.file, options.channel, options.rpm, options.fs, geometry=geometry, orders=orders
    )
    print(json.dumps(analyse_record(order), indent=None if options.json else 2))
    return 0


def screenshots(options: argparse.Namespace) -> int:
    """Write pictures of every screen, day and night, in two sizes, from a demo plant that has faults."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from services.clock import SystemClock
    from services.demo_session import DemoSession
    from ui.screenshots import take_screenshots

    folder = options.data_dir if options.data_dir_given else options.data_dir / "demo"
    pace = PICTURE_PACE if options.pace is None else options.pace
    session = DemoSession(folder, seed=options.seed, pace=pace, status_file=None)
    session.start(progress=_print_progress)
    try:
        session.wait_troubled(alarms=PICTURE_ALARMS, limit_s=PICTURE_LIMIT_S)
        time.sleep(options.for_s or 0)
        pictures = take_screenshots(folder, options.out, clock=SystemClock(), is_complete=True)
    finally:
        session.stop()
    print(f"{len(pictures)} screenshots written to {options.out.resolve()}")
    return 0


def backup(options: argparse.Namespace) -> int:
    """Copy the plant database while it runs, and prove the copy by opening it."""
    from services.keeping import back_up

    print(back_up(options.data_dir, options.to, with_history=options.with_history))
    return 0


def verify(options: argparse.Namespace) -> int:
    """Open a backup, check every page and its audit chain; or check the data in use while they are used."""
    from services.keeping import check_integrity, verify_backup

    if options.file is None:
        report = check_integrity(options.data_dir)
        print(json.dumps(report) if options.json else _lines(report))
        return 0 if report["is_sound"] else EXIT_CHECK
    report = verify_backup(options.file)
    print(json.dumps(report) if options.json else _lines(report))
    return 0


def restore(options: argparse.Namespace) -> int:
    """Put a verified backup in the place of the plant database; the present one is set aside."""
    from services.keeping import restore_backup

    report = restore_backup(options.file, options.data_dir, is_dry_run=options.dry_run)
    print(json.dumps(report) if options.json else _lines(report))
    return 0


def migrate(options: argparse.Namespace) -> int:
    """Bring the plant database to this program's schema, after a backup; or move the plant with --to."""
    from services.keeping import migrate_folder, move_folder

    if options.to is None:
        report = migrate_folder(options.data_dir)
    else:
        report = move_folder(options.data_dir, options.to, progress=_print_rows)
    print(json.dumps(report) if options.json else _lines(report))
    return 0


def import_setup(options: argparse.Namespace) -> int:
    """Read a set-up file into an empty plant, all of it or nothing."""
    from services.keeping import import_file

    report = import_file(options.file, options.data_dir, is_dry_run=options.dry_run)
    print(json.dumps(report) if options.json else _lines(report))
    return 0 if not report["problems"] else EXIT_CHECK


def export_setup(options: argparse.Namespace) -> int:
    """Write the whole set-up as a text that people can read and compare, without secrets."""
    from services.keeping import export_file

    export_file(options.data_dir, options.file)
    return 0


def self_check(options: argparse.Namespace) -> int:
    """Check that every part of the program works on this machine; print one JSON line."""
    from services.self_check import run_self_check

    report = run_self_check()
    print(json.dumps(report))
    return 0 if all(report["checks"].values()) else EXIT_CHECK


def _window(options: argparse.Namespace) -> int:
    from services.clock import SystemClock
    from ui.control_room import run_app

    _log_to_file(options.data_dir)
    return run_app(options.data_dir, clock=SystemClock(), for_s=options.for_s)


def refuse(error: ControlRoomError, code: int) -> int:
    """Say why a command is not done; return its exit code."""
    print(f"jidoka: {error}", file=sys.stderr)
    return code


def _log_to_file(folder: Path) -> None:
    """Keep a window's log in the data folder too: a windowed program has no console [F38: may fail alone]."""
    try:
        (folder / "log").mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "log" / "window.log", maxBytes=1_000_000, backupCount=3)
    except OSError as error:
        logging.getLogger(__name__).warning("no log file in %s: %s", folder, error)
        return
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.getLogger().addHandler(handler)


def _until(for_s: float | None, also: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
    """Return a condition that turns true after a time or when another one does."""
    end_s = None if for_s is None else time.monotonic() + for_s
    return lambda: also() or (end_s is not None and time.monotonic() >= end_s)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    """Let Ctrl+C and a service manager's stop end in order; control between processes needs no signal."""
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: stop())


def _is_offscreen() -> bool:
    return os.environ.get("QT_QPA_PLATFORM") == "offscreen"


def _print_progress(step: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\rPreparing the demo plant: {step.replace('_', ' ')} {share:4.0%} ", end="", file=sys.stderr)


def _print_rows(table: str, rows: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{table}: {rows} rows   ", end="", file=sys.stderr)


def _lines(report: dict[str, Any]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in report.items())
