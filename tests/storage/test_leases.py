"""One collector per plant: who may take the lease, and when [NEW-31]."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.errors import LeaseLost
from services.clock import SystemClock
from storage.history.server import FencedConnection
from storage.leases import LASTS_S, ServerLease
from storage.postgresql import ServerConnection
from storage.server import Server
from storage.sql import immediate
from storage.store import open_store
from tests.storage.postgresql_stage import PostgresServer

Leases = Callable[[str], ServerLease]


@pytest.fixture
def server(postgresql: PostgresServer, tmp_path: Path) -> Server:
    url = postgresql.fresh_database()
    open_store(tmp_path / "data", role="tool", clock=SystemClock(), database=url).close()
    return Server(url)


@pytest.fixture
def lease_of(server: Server) -> Iterator[Leases]:
    made: list[ServerLease] = []

    def make(holder: str) -> ServerLease:
        made.append(ServerLease(ServerConnection(server), place=server.place, holder=holder))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_long_transaction_of_the_holder_costs_it_no_lease(server: Server, lease_of: Leases) -> None:
    """Retention of a whole plant may take longer than a lease lasts; its renewals go on beside it."""
    holder, other = lease_of("PC-A"), lease_of("PC-B")
    assert holder.wait(lambda: False)
    over = threading.Event()
    standing_by = threading.Thread(target=other.wait, args=(over.is_set,))
    standing_by.start()
    writer = FencedConnection(server, holder)
    with immediate(writer):
        time.sleep(LASTS_S + 2)
    time.sleep(1.5)
    assert holder.term.epoch == 1
    over.set()
    standing_by.join()
    with pytest.raises(LeaseLost):
        _ = other.term
    writer.close()


def test_nobody_takes_over_in_the_middle_of_a_transaction(
    server: Server, lease_of: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder renews no more, but what it has begun ends before another one begins."""
    monkeypatch.setattr(ServerLease, "_renew_on", lambda self: None)
    holder, other = lease_of("PC-A"), lease_of("PC-B")
    assert holder.wait(lambda: False)
    writer = FencedConnection(server, holder)
    with immediate(writer):
        time.sleep(LASTS_S + 0.5)
        assert not other._try_take(), "the transaction is not over"
    assert other._try_take()
    with pytest.raises(LeaseLost), immediate(writer):
        pass
    writer.close()
