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
