"""A PostgreSQL server as one program reaches it: its address, and how long it waits for an answer.

The system notices a server that is gone. One that stands still holds its connections, answers nothing, and
would be waited for as long as it likes.
"""

import math
import re
import socket
import threading
import time
import weakref
from typing import Any, Final

import psycopg
from sqlalchemy.engine import URL, make_url

from domain.errors import ConfigurationError

CONNECT_S: Final = 3
PATIENCE_S: Final = 30.0
"""How long a collector waits for the answer to one statement; what it does each second takes milliseconds."""

HURRY_S: Final = 2.0
"""The same when the program ends: what was not stored is to be written down here before it is killed."""

SILENT_S: Final = 2.0
"""So long a server that gave no answer is not asked again: each question would cost the wait anew."""

_LOOK_S: Final = 0.25
_KEEPALIVE: Final = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}
"""A server that vanished without a word is noticed within seconds, not after the system's two hours."""


def server_url(address: str) -> URL:
    """Return the checked address of a server, ``postgresql://[user@]host[:port]/database``.

    ConfigurationError for another kind of address or one that carries a password: it comes from the
    environment (PGPASSWORD) or the user's password file. No message repeats what may be a password.
    """
    url = _parsed(address)
    if url is None or url.drivername != "postgresql" or not url.database:
        raise ConfigurationError(
            f"'{_shown(address)}' must read postgresql://user@host:port/database",
            key="database_address_wrong",
        )
    if url.password or any("password" in name.lower() for name in url.query):
        raise ConfigurationError(
            "an address never holds a password: set PGPASSWORD or use the password file",
            key="database_password_in_address",
        )
    return url.set(drivername="postgresql+psycopg")


def _place_of(url: URL) -> str:
    """Return server and database for messages."""
    return f"database '{url.database}' on {url.host or 'this computer'}:{url.port or 5432}"


def _parsed(address: str) -> URL | None:
    """Return the address in its parts; None for what has none, without the cause, which may quote it."""
    try:
        return make_url(address)
    except Exception:
        return None


def _shown(address: str) -> str:
    """Return an address as a message may show it: from the host on, and up to the first password."""
    host_on = f"\u2026@{address.rpartition('@')[2]}" if "@" in address else address
    return re.split(r"(?i)\S*password", host_on, maxsplit=1)[0].strip()


class Server:
    """One server and database, and every connection that this program has to it. Safe from any thread.

    Waits have no bounds, as long work needs it, until ``bound_waits``. From then on whoever waited in vain
    gets an OperationalError on a closed connection, as if the server had gone.
    """

    def __init__(self, address: str) -> None:
        self.url = server_url(address)
        self.place = _place_of(self.url)
        self._patience_s = math.inf
        self._is_hurried = False
        self._silent_until_s = -math.inf
        self._connections: weakref.WeakSet[ServerLink] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def bound_waits(self, patience_s: float) -> None:
        """Wait no longer than that for the answer to one statement; once in the life of a server."""
        self._patience_s = patience_s
        threading.Thread(target=self._watch, name="server-watch", daemon=True).start()

    def connect(self, *, autocommit: bool = False) -> "ServerLink":
        """Open a connection; psycopg.OperationalError when the server is away, silent or refuses."""
        self.refuse_while_silent()
        try:
            link = ServerLink.connect(**self._arguments(), autocommit=autocommit)
        except psycopg.errors.ConnectionTimeout:
            self._was_silent()
            raise
        link.server = self
        with self._lock:
            self._connections.add(link)
        return link

    def _arguments(self) -> dict[str, Any]:
        url = self.url
        named = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
        return {name: value for name, value in named.items() if value} | dict(url.query) | _KEEPALIVE

    def hurry(self) -> None:
        """The program ends: wait little for an answer, and after one that did not come for none."""
        if self._patience_s < math.inf:
            self._is_hurried = True
            self._patience_s = HURRY_S

    def close(self) -> None:
        """Watch no longer. Connections are closed by whoever opened them."""
        self._closed.set()

    def refuse_while_silent(self) -> None:
        """Raise OperationalError when the server gave no answer a moment ago."""
        if time.monotonic() < self._silent_until_s:
            raise psycopg.OperationalError("no answer came a moment ago")

    def _was_silent(self) -> None:
        if self._patience_s < math.inf:
            self._silent_until_s = math.inf if self._is_hurried else time.monotonic() + SILENT_S

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_S):
            with self._lock:
                links = tuple(self._connections)
            for link in links:
                if time.monotonic() - link.asked_s > self._patience_s:
                    self._was_silent()
                    link.cut()


class ServerLink(psycopg.Connection[Any]):
    """A connection that knows since when it waits for an answer."""

    server: Server
    asked_s = math.inf
    """When the present question was asked, monotonic; infinite while there is none."""
    _is_cut = False

    def wait(self, *arguments: Any, **named: Any) -> Any:
        """Run one question to its answer; the library does all its waiting here."""
        try:
            self.server.refuse_while_silent()
        except psycopg.OperationalError:
            self.close()
            raise
        self.asked_s = time.monotonic()
        try:
            return super().wait(*arguments, **named)
        except psycopg.OperationalError as lost:
            if self._is_cut:
                raise psycopg.OperationalError("no answer came in time") from lost
            raise
        finally:
            self.asked_s = math.inf

    def cut(self) -> None:
        """End the wait of another thread: the system tells it that nothing will come."""
        self._is_cut = True
        try:
            with socket.fromfd(self.fileno(), socket.AF_INET, socket.SOCK_STREAM) as twin:
                twin.shutdown(socket.SHUT_RDWR)
        except (OSError, psycopg.Error):
            pass  # it has ended by itself
