"""A real PostgreSQL server for tests: started once in a folder of its own, a fresh database per test."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.freezing import freeze

SERVICE_USER = "postgres"


def postgresql_bin() -> Path | None:
    """Return the folder of the server's programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).parent


class PostgresServer:
    """One server on a free loopback port. It refuses to run as root, so root lends it to its service user."""

    def __init__(self, folder: Path) -> None:
        self._programs = postgresql_bin()
        self._data = folder / "data"
        self._count = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._user = SERVICE_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "jidoka", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run(
            "pg_ctl", "-D", str(self._data), "-o", options, "-l", str(self._data / "log"), "-w", "start"
        )

    def stop(self, *, mode: str = "fast") -> None:
        """End the server; "immediate" is how a crash looks to its clients."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def freeze(self) -> None:
        """Let every process of the server stand still: connections live, nothing answers."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):  # it served a connection that was closed just now
                freeze(process.pid)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        first_line = (self._data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0]
        postmaster = psutil.Process(int(first_line))
        return [postmaster, *postmaster.children(recursive=True)]

    def fresh_database(self) -> str:
        """Make an empty database and return its address."""
        self._count += 1
        name = f"plant_{self._count}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "jidoka", name)
        return f"postgresql://jidoka@127.0.0.1:{self.port}/{name}"

    def run_sql(self, url: str, statement: str) -> None:
        """Run a statement as the administrator of the server would."""
        self._run("psql", "-q", "-d", url, "-c", statement)

    def _run(self, program: str, *arguments: str) -> None:
        assert self._programs is not None
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self._user, "--", *command]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", text=True)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Run a server for the length of a block and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="jidoka-postgresql-"))
    try:
        server = PostgresServer(folder)
        yield server
        server.stop(mode="immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
