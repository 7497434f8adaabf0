"""The network thread of an MQTT session: it ends, leaves nothing open, sleeps at rest, and misses no call."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import asyncio
import contextlib
import os
import resource
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from acquisition.drivers.mqtt.link import MqttLink
from acquisition.drivers.mqtt.payloads import Message
from acquisition.drivers.mqtt.settings import MqttSettings
from domain.errors import AcquisitionError, ConfigurationError, ConnectionLost, DeviceTimeout
from tests.protocol.mqtt_stage import (
    SETTINGS,
    Broker,
    DeadLine,
    Publisher,
    broker,  # noqa: F401
    free_port,
    mqtt,
    pem,
)
from tests.protocol.stage import until

FLOOD = 20_000
LATE_CPU_SHARE = 0.02


class Line:
    """A link whose messages and end are noted."""

    def __init__(self, port: int, **options: object) -> None:
        self.payloads: list[bytes] = []
        self.ends: list[AcquisitionError] = []
        settings = MqttSettings.of(mqtt(port, **options))
        self.link = MqttLink(settings, on_message=self._note, on_end=self.ends.append)

    def _note(self, message: Message) -> None:
        self.payloads.append(message.payload)

    async def __aenter__(self) -> "Line":
        await self.link.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.close()


@dataclass
class Secured:
    """A broker behind TLS, with a plain door for devices."""

    port: int
    plain_port: int
    authority: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    certificate, key = pem(folder, "server")
    plain_port = free_port()
    made = Broker(
        folder,
        listener=f"certfile {certificate}\nkeyfile {key}\n",
        settings=f"{SETTINGS}listener {plain_port} 127.0.0.1\n",
    ).start()
    yield Secured(made.port, plain_port, certificate)
    made.kill()


@asynccontextmanager
async def nothing_stays() -> AsyncIterator[None]:
    """Threads and files are as many after the block as before."""
    process = psutil.Process()
    await asyncio.to_thread(int)  # the pool has its thread
    before = process.num_fds()
    yield
    await until(lambda: not _network_threads(), within_s=3, what="the threads have ended")
    await until(lambda: process.num_fds() <= before, within_s=3, what="the sockets are closed")


def _network_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mqtt"]


async def test_links_that_were_closed_leave_no_thread_and_no_socket(broker: Broker, secured: Secured) -> None:
    async with nothing_stays():
        for _ in range(3):
            async with Line(broker.port) as one, Line(secured.port, tls=True, ca=str(secured.authority)):
                await one.link.subscribe(["closed/a"])


async def test_links_that_fail_leave_no_thread_and_no_socket(broker: Broker, secured: Secured) -> None:
    """A stranger's certificate, a plain word to a secured door, nobody there."""
    async with nothing_stays():
        for port, options in (
            (secured.port, {"tls": True}),
            (secured.port, {}),
            (broker.port, {"tls": True}),
            (free_port(), {}),
        ):
            line = Line(port, **options)
            with pytest.raises((ConfigurationError, AcquisitionError)):
                await line.link.open()
            await line.link.close()


async def test_a_broker_that_stalls_while_we_write_holds_nobody(tmp_path: Path) -> None:
    """Much more waits to be written than any buffer takes; closing is quick and takes the socket along."""
    stalled = Broker(tmp_path).start()
    try:
        async with nothing_stays():
            line = Line(stalled.port)
            await line.link.open()
            stalled.freeze()
            for _ in range(40):
                line.link.publish("stalled", bytes(1_000_000))
            begun_s = time.monotonic()
            await line.link.close()
            assert time.monotonic() - begun_s < 2.0
    finally:
        stalled.kill()


async def test_a_broker_that_stalls_while_we_write_is_noticed(tmp_path: Path) -> None:
    """It takes nothing more: not even the question whether it is alive."""
    stalled = Broker(tmp_path).start()
    try:
        async with Line(stalled.port, keep_alive_s=1) as line:
            stalled.freeze()
            for _ in range(40):
                line.link.publish("stalled", bytes(1_000_000))
            await until(lambda: line.ends, within_s=6, what="the link ends")
            assert isinstance(line.ends[0], DeviceTimeout)
    finally:
        stalled.kill()


@pytest.mark.parametrize("is_secured", [False, True])
async def test_a_flood_arrives_whole_and_in_order(secured: Secured, *, is_secured: bool) -> None:
    options = {"tls": True, "ca": str(secured.authority)} if is_secured else {}
    async with Line(secured.port if is_secured else secured.plain_port, **options) as line:
        await line.link.subscribe(["flood"])
        with Publisher(secured.plain_port) as device:
            await asyncio.to_thread(_pour, device)
        await until(lambda: len(line.payloads) >= FLOOD, within_s=40, what="the whole flood")
        assert line.payloads == [b"%d" % number for number in range(FLOOD)]
        assert not line.ends


def _pour(device: Publisher) -> None:
    for number in range(FLOOD):
        device.client.publish("flood", str(number), qos=0)
    device.send("poured", "1")


async def test_calls_from_outside_are_never_missed(broker: Broker) -> None:
    """Each waits for its answer; one that is not noticed at once would wait for the thread's next turn."""
    async with Line(broker.port) as line:
        begun_s = time.monotonic()
        for number in range(200):
            await line.link.subscribe([f"calls/{number}"])
        assert time.monotonic() - begun_s < 200 * 0.05


async def test_at_rest_it_sleeps(broker: Broker) -> None:
    """Two answers to pings long: no more than a look now and then."""
    async with DeadLine(broker.port) as relay, Line(relay.port, keep_alive_s=1) as line:
        await line.link.subscribe(["rest"])
        (thread,) = _network_threads()
        assert thread.ident is not None
        clock, begun_s, answered = time.pthread_getcpuclockid(thread.ident), time.monotonic(), relay.brought
        begun_cpu_s = time.clock_gettime(clock)
        await until(lambda: relay.brought >= answered + 4, within_s=6, what="two answers to pings")
        share = (time.clock_gettime(clock) - begun_cpu_s) / (time.monotonic() - begun_s)
        assert share < LATE_CPU_SHARE


async def test_it_works_beside_a_thousand_open_files(broker: Broker) -> None:
    """A large plant has as many: select() knows no file number above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with contextlib.ExitStack() as stack, Publisher(broker.port) as device:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        async with Line(broker.port) as line:
            await line.link.subscribe(["many"])
            device.send("many", "1")
            await until(lambda: line.payloads == [b"1"], within_s=3, what="a message")


async def test_who_waits_for_an_answer_learns_that_the_link_has_ended(tmp_path: Path) -> None:
    """Not that the broker does not answer: it is gone."""
    dying = Broker(tmp_path).start()
    try:
        async with Line(dying.port) as line:
            dying.freeze()
            asked = asyncio.create_task(line.link.subscribe(["a"]))
            await asyncio.sleep(0)
            dying.kill()
            with pytest.raises(ConnectionLost):
                await asked
            with pytest.raises(ConnectionLost):
                await line.link.subscribe(["b"])
    finally:
        dying.kill()


async def test_a_link_given_up_while_it_is_reached_does_not_log_in(tmp_path: Path) -> None:
    """The broker would end the next session, which has the same name."""
    certificate, key = pem(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            said.set_result(await reader.read(1))
        except ConnectionError:
            said.set_result(b"")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server, DeadLine(server.sockets[0].getsockname()[1]) as relay:
        line = Line(relay.port, tls=True, ca=str(certificate))
        relay.flows.clear()
        opening = asyncio.create_task(line.link.open())
        await until(lambda: relay.said > 0, within_s=3, what="it shakes hands")
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await line.link.close()
        relay.flows.set()
        assert await asyncio.wait_for(said, 5) == b""
