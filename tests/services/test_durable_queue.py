"""What the database refuses for a while arrives later, in order and once [F37, F39, F44]."""

import pytest

from domain.errors import DatabaseUnreachable, StorageError
from services.durable_queue import DurableQueue


class Database:
    """Takes jobs, or refuses them with a reason."""

    def __init__(self) -> None:
        self.refusal: StorageError | None = None
        self.taken: list[int] = []

    def job(self, number: int) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.taken.append(number)


@pytest.fixture
def database() -> Database:
    return Database()


def queue_of(database: Database, *numbers: int, limit: int = 100) -> DurableQueue:
    queue = DurableQueue(cause="alarm", limit=limit)
    for number in numbers:
        queue.put(lambda number=number: database.job(number))  # type: ignore[misc]
    return queue


def test_how_many_waited_at_once_is_remembered() -> None:
    """Reliability 3.4: every queue has a bound, a count of drops and a high-water mark."""
    queue = DurableQueue(cause="x", limit=10)
    for _ in range(3):
        queue.put(lambda: None)
    queue.run()
    queue.put(lambda: None)
    assert (len(queue), queue.most) == (1, 3)


@pytest.mark.parametrize(
    "refusal", [DatabaseUnreachable("gone"), StorageError("locked", key="database_busy")]
)
def test_jobs_wait_in_order_until_the_database_is_back(database: Database, refusal: StorageError) -> None:
    queue = queue_of(database, 1, 2)
    database.refusal = refusal
    queue.run()
    queue.put(lambda: database.job(3))
    queue.run()
    assert (len(queue), database.taken, queue.problem) == (3, [], str(refusal))
    database.refusal = None
    queue.run()
    assert (len(queue), database.taken, queue.problem) == (0, [1, 2, 3], "")
    assert queue.losses.total == 0


def test_a_job_that_can_never_be_done_is_counted_and_does_not_hold_the_others(database: Database) -> None:
    queue = DurableQueue(cause="alarm", limit=100)

    def impossible() -> None:
        raise StorageError("no such row", key="row_gone")

    queue.put(impossible)
    queue.put(lambda: database.job(2))
    queue.run()
    assert (database.taken, queue.losses.by_cause) == ([2], {"alarm": 1})


def test_the_queue_is_bounded_and_counts_what_it_drops(database: Database) -> None:
    queue = queue_of(database, 1, 2, 3, 4, limit=3)
    queue.run()
    assert (database.taken, queue.losses.by_cause) == ([2, 3, 4], {"alarm": 1})


class Drawer:
    """A keeper whose contents a test can see; it may refuse."""

    def __init__(self) -> None:
        self.kept: dict[int, str] = {}
        self.refusal: StorageError | None = None
        self.drop_refusal: StorageError | None = None
        self._number = 0

    def put(self, body: str) -> int:
        if self.refusal is not None:
            raise self.refusal
        self._number += 1
        self.kept[self._number] = body
        return self._number

    def drop(self, number: int) -> None:
        if self.drop_refusal is not None:
            raise self.drop_refusal
        del self.kept[number]


def test_only_what_the_database_refuses_is_written_down_and_forgotten_when_done(database: Database) -> None:
    drawer = Drawer()
    queue = DurableQueue(cause="alarm", limit=100, keeper=drawer)
    queue.put(lambda: database.job(1), body="one")
    queue.run()
    assert (database.taken, drawer.kept) == ([1], {})
    database.refusal = DatabaseUnreachable("gone")
    queue.put(lambda: database.job(2), body="two")
    queue.put(lambda: database.job(3))
    queue.run()
    queue.put(lambda: database.job(4), body="four")
    queue.run()
    assert list(drawer.kept.values()) == ["two", "four"], "once each; a job without a text waits in memory"
    database.refusal = None
    queue.run()
    assert (database.taken, drawer.kept) == ([1, 2, 3, 4], {})


def test_what_an_earlier_program_kept_comes_before_anything_new(database: Database) -> None:
    drawer = Drawer()
    first, second = drawer.put("one"), drawer.put("two")
    queue = DurableQueue(cause="alarm", limit=100, keeper=drawer)
    queue.restore([(first, lambda: database.job(1)), (second, lambda: database.job(2))])
    queue.put(lambda: database.job(3), body="three")
    queue.run()
    assert (database.taken, drawer.kept) == ([1, 2, 3], {})


def test_a_keeper_that_refuses_too_is_told_once_and_costs_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    drawer = Drawer()
    drawer.refusal = StorageError("disk full", key="disk_full")
    database.refusal = StorageError("disk full", key="disk_full")
    queue = DurableQueue(cause="alarm", limit=100, keeper=drawer)
    queue.put(lambda: database.job(1), body="one")
    for _ in range(10):
        queue.run()
    assert (len(queue), "not kept either" in queue.problem) == (1, True)
    assert len(caplog.records) == 1
    database.refusal = drawer.refusal = None
    queue.run()
    assert (database.taken, queue.losses.total) == ([1], 0)


def test_what_the_bound_drops_is_not_kept_for_the_next_program(database: Database) -> None:
    drawer = Drawer()
    queue = DurableQueue(cause="alarm", limit=2, keeper=drawer)
    database.refusal = DatabaseUnreachable("gone")
    for number in (1, 2, 3):
        queue.put(lambda number=number: database.job(number), body=str(number))  # type: ignore[misc]
        queue.run()
    assert (list(drawer.kept.values()), queue.losses.by_cause) == (["2", "3"], {"alarm": 1})


def test_what_the_keeper_does_not_forget_at_once_is_forgotten_later_in_order(database: Database) -> None:
    drawer = Drawer()
    queue = DurableQueue(cause="alarm", limit=100, keeper=drawer)
    database.refusal = DatabaseUnreachable("gone")
    for number in (1, 2):
        queue.put(lambda number=number: database.job(number), body=str(number))  # type: ignore[misc]
    queue.run()
    database.refusal, drawer.drop_refusal = None, StorageError("locked", key="database_busy")
    queue.run()
    assert (database.taken, list(drawer.kept.values())) == ([1, 2], ["1", "2"])
    drawer.drop_refusal = None
    queue.run()
    assert (database.taken, drawer.kept) == ([1, 2], {})
