"""Calls that hang cost one thread each, and nobody else's time [F15]."""

import asyncio
import dataclasses
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from acquisition.blocking_calls import CallThread, CallThreads, ThreadEach
from domain.plant.tags import ConnectionKind
from tests.protocol.stage import connection, until


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What calls hang on; they are let go at the end of the test."""
    made = threading.Event()
    yield made
    made.set()


async def test_what_a_call_returns_or_raises_is_its_callers() -> None:
    calls = CallThread("device")
    assert await calls.run(int, "12") == 12
    with pytest.raises(ValueError, match="invalid literal"):
        await calls.run(int, "twelve")


async def test_nothing_of_a_call_is_kept_when_it_is_over() -> None:
    """A file that was read is large, and the next call may be an hour away."""
    calls = CallThread("share")
    kept = weakref.ref(await calls.run(set))
    await until(lambda: kept() is None, within_s=2, what="it is gone")


async def test_a_call_that_hangs_is_not_begun_again_and_costs_one_thread(gate: threading.Event) -> None:
    calls, other = CallThread("share that hangs"), CallThread("other")
    begun: list[int] = []

    def look(number: int) -> int:
        begun.append(number)
        gate.wait()
        return number

    for number in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await calls.run(look, number)
        assert await other.run(int, "1") == 1
    assert begun == [0]
    assert [thread.name for thread in threading.enumerate()].count("share that hangs") == 1
    gate.set()
    assert await calls.run(look, 5) == 5
    assert begun == [0, 5]


async def test_a_call_that_was_begun_is_made_although_nobody_waits(gate: threading.Event) -> None:
    calls, made = CallThread("port"), threading.Event()
    calls.begin(gate.wait)
    closing = asyncio.create_task(calls.run(int, "1"))
    calls.begin(made.set)
    closing.cancel()
    gate.set()
    await until(made.is_set, within_s=5, what="the last call")


def test_what_hung_in_one_loop_is_waited_for_in_the_next(gate: threading.Event) -> None:
    """The collector is built anew, with another loop, when the set-up has changed."""
    threads, owner = CallThreads(), connection(ConnectionKind.FILES, path="share")

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await threads.of(owner).run(gate.wait)

    asyncio.run(give_up())
    asyncio.run(give_up())
    gate.set()
    assert asyncio.run(threads.of(owner).run(int, "1")) == 1


async def test_a_connection_that_is_set_up_anew_waits_for_nothing_old(gate: threading.Event) -> None:
    """A line is moved from a port whose driver hangs to another one."""
    threads, owner = CallThreads(), connection(ConnectionKind.MODBUS_SERIAL, port="COM5")
    threads.of(owner).begin(gate.wait)
    moved = dataclasses.replace(owner, options={"port": "COM6"})
    assert threads.of(owner) is threads.of(dataclasses.replace(owner))
    async with asyncio.timeout(10):
        assert await threads.of(moved).run(int, "6") == 6


async def test_the_thread_ends_when_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquisition.blocking_calls._IDLE_S", 0.05)
    calls = CallThread("idle device")
    for _ in range(2):
        await calls.run(int)
        idle = "no thread is left"
        await until(
            lambda: "idle device" not in [t.name for t in threading.enumerate()], within_s=5, what=idle
        )


async def test_a_library_that_hangs_in_the_loops_pool_delays_no_other(gate: threading.Event) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadEach())
    hanging = [asyncio.create_task(asyncio.to_thread(gate.wait)) for _ in range(40)]
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(int, "3") == 3
        with pytest.raises(ValueError, match="invalid literal"):
            await asyncio.to_thread(int, "three")
    gate.set()
    assert all(await asyncio.gather(*hanging))


def test_a_librarys_call_under_way_comes_to_its_end_before_the_process_does() -> None:
    ended: list[int] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadEach())
        asyncio.get_running_loop().run_in_executor(None, lambda: (time.sleep(0.2), ended.append(1)))

    asyncio.run(leave())
    assert ended == [1]


HANGS = """
import asyncio, time
from acquisition.blocking_calls import CallThread, ThreadEach

async def main():
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadEach())
    hanging = [asyncio.create_task(each) for each in (
        CallThread("share").run(time.sleep, 600), asyncio.to_thread(time.sleep, 600))]
    await asyncio.sleep(0.2)
    print("over", flush=True)

asyncio.run(main())
"""


def test_the_process_ends_although_calls_hang() -> None:
    begin_s = time.monotonic()
    child = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert (child.returncode, child.stdout, child.stderr) == (0, "over\n", "")
    assert time.monotonic() - begin_s < 30
