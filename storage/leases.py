"""One collector per plant: the lease, its epoch, and the takeover when its holder dies [NEW-31].

On a shared server the lease is a row; its time is the server's clock. Every change of holder raises the
epoch, and what a collector writes carries its epoch, so that one that was declared dead cannot write. On
SQLite the operating system's lock on the data folder says the same.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from domain.errors import LeaseLost, StorageError
from storage.failures import told
from storage.sql import SqlConnection, immediate

COLLECTOR: Final = "collector"
LASTS_S: Final = 5.0
"""A holder that has not renewed for so long may be replaced."""

RENEW_S: Final = 1.0
_NOW_US: Final = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
_TAKE: Final = (
    "INSERT INTO public.leases (name, holder, epoch, expires_us) "
    f"VALUES (?, ?, 1, {_NOW_US} + ?) ON CONFLICT (name) DO UPDATE SET "
    "holder = excluded.holder, epoch = leases.epoch + 1, expires_us = excluded.expires_us "
    f"WHERE leases.expires_us < {_NOW_US} OR leases.holder = excluded.holder RETURNING epoch"
)
"""A collector that was started again takes its own lease at once."""

_RENEW: Final = (
    f"UPDATE public.leases SET expires_us = {_NOW_US} + ? WHERE name = ? AND epoch = ? AND holder = ?"
)
_RELEASE: Final = "UPDATE public.leases SET expires_us = 0 WHERE name = ? AND epoch = ? AND holder = ?"
_HOLDER: Final = f"SELECT holder, epoch, expires_us, {_NOW_US} FROM public.leases WHERE name = ?"
_LOCK: Final = "SELECT 1 FROM public.leases WHERE name = ? FOR UPDATE NOWAIT"
"""No writer of the present holder is in a transaction, and none begins before the takeover is decided."""


_NOT_YET: Final = frozenset({"database_unreachable", "database_busy"})
"""The server is away, or the holder before is about to finish a transaction: it is asked again."""


@dataclass(frozen=True, slots=True)
class LeaseTerm:
    """One unbroken time of holding.

    ``follows_own`` says that nobody else held the lease in between, ``took_over`` that the holder before was
    another one that did not give it back.
    """

    name: str
    holder: str
    epoch: int
    follows_own: bool
    took_over: bool = False

    def continues(self, epoch: int) -> bool:
        """Say whether nobody else has collected since a term with this epoch."""
        return self.follows_own or epoch == self.epoch


class Lease(Protocol):
    """The right to collect, on either engine."""

    @property
    def term(self) -> LeaseTerm:
        """The present term; LeaseLost when somebody else has it."""
        ...

    def wait(self, should_stop: Callable[[], bool]) -> bool:
        """Stand by until the lease is ours; False when ``should_stop`` said so first."""
        ...

    def close(self) -> None:
        """Give the lease back, so that another one need not wait."""
        ...


class FolderLease:
    """The lease of a plant in a data folder: whoever opened it as collector holds the folder's lock."""

    def __init__(self, holder: str) -> None:
        self.term = LeaseTerm(COLLECTOR, holder, 1, follows_own=True)

    def wait(self, should_stop: Callable[[], bool]) -> bool:
        return True

    def close(self) -> None:
        """The folder's lock goes with the store."""


class ServerLease:
    """The lease on a PostgreSQL server, renewed each second by a thread and connection of its own."""

    def __init__(self, connection: SqlConnection, *, place: str, holder: str) -> None:
        """``holder`` names workstation and data folder, so that a restarted collector is known again."""
        self._connection = connection
        self._place = place
        self._holder = holder
        self._term: LeaseTerm | None = None
        self._is_lost = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def term(self) -> LeaseTerm:
        if self._term is None or self._is_lost:
            raise LeaseLost(
                f"another collector reads the devices of this plant ({self._place}); this one stands by",
                key="lease_lost",
            )
        return self._term

    def wait(self, should_stop: Callable[[], bool]) -> bool:
        """Stand by until the lease is ours, asking once a second."""
        while not should_stop():
            if self._try_take():
                self._thread = threading.Thread(target=self._renew_on, name="lease", daemon=True)
                self._thread.start()
                return True
            self._stop.wait(RENEW_S)
        return False

    def close(self) -> None:
        """Stop renewing and give the lease back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * LASTS_S)
        if self._term is not None and not self._is_lost:
            try:
                with told(self._place):
                    self._connection.execute(_RELEASE, (self._term.name, self._term.epoch, self._holder))
            except StorageError:
                pass  # it expires by itself
        self._connection.close()

    def _try_take(self) -> bool:
        wanted = (COLLECTOR, self._holder, round(LASTS_S * 1e6))
        try:
            with told(self._place):
                before = self._connection.execute(_HOLDER, (COLLECTOR,)).fetchone()
                holder, last_epoch, expires_us, now_us = before or ("", 0, 0, 0)
                if holder != self._holder and int(expires_us) > int(now_us):
                    return False
                with immediate(self._connection):
                    self._connection.execute(_LOCK, (COLLECTOR,))
                    taken = self._connection.execute(_TAKE, wanted).fetchone()
        except StorageError as error:
            if error.key in _NOT_YET:
                return False
            raise
        if taken is None:
            return False
        epoch = int(taken[0])
        is_own = holder == self._holder and int(last_epoch) == epoch - 1
        took_over = bool(holder) and holder != self._holder and int(expires_us) > 0
        self._term = LeaseTerm(COLLECTOR, self._holder, epoch, is_own, took_over)
        return True

    def _renew_on(self) -> None:
        """Renew until told to stop. A server that is away renews nobody: then nobody can take over either."""
        while not self._stop.wait(RENEW_S):
            try:
                self._renew()
            except StorageError:
                continue

    def _renew(self) -> None:
        assert self._term is not None
        wanted = (round(LASTS_S * 1e6), self._term.name, self._term.epoch, self._holder)
        with told(self._place):
            if self._connection.execute(_RENEW, wanted).rowcount == 0:
                self._is_lost = True
                self._stop.set()
