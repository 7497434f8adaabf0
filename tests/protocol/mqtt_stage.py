"""A real mosquitto broker, a publisher, an edge node of Sparkplug and a TCP line that can go dead."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from acquisition.certificates import application_certificate
from acquisition.drivers.mqtt.sparkplug_payload import make_payload
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.conftest import require_or_skip
from tests.freezing import freeze
from tests.protocol.stage import Stage, connection, tag, until

PROBE, PROBE_KEY = "probe", 99
"""A retained topic: whoever has its value is subscribed to everything else of the same request."""

SETTINGS = "allow_anonymous true\npersistence false\nmax_queued_messages 0\nlog_dest none\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """mosquitto as a child process on a loopback port."""

    def __init__(self, folder: Path, *, settings: str = SETTINGS, listener: str = "") -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            require_or_skip("mosquitto", "needs the broker: apt-get install mosquitto")
        self.port = free_port()
        self._is_open = settings == SETTINGS and not listener
        self._config = folder / f"mosquitto-{self.port}.conf"
        user = "user root\n" if hasattr(os, "getuid") and os.getuid() == 0 else ""
        text = f"{user}listener {self.port} 127.0.0.1\n{listener}{settings}"
        self._config.write_text(text, encoding="utf-8")
        self._program = str(program)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> "Broker":
        """Start and wait until the port answers."""
        self._child = subprocess.Popen(
            [self._program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 5
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "mosquitto did not start"
                time.sleep(0.02)
        if self._is_open:
            with Publisher(self.port) as device:
                device.send(PROBE, "1", retain=True)
        return self

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()  # frozen or not: thawed first, it would have a moment to answer in
            self._child.wait()
            self._child = None

    def freeze(self) -> None:
        assert self._child is not None
        freeze(self._child.pid)

    def thaw(self) -> None:
        if self._child is not None:
            self._child.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Broker]:
    """One broker for the tests that do not end it; each works on topics of its own."""
    started = Broker(tmp_path_factory.mktemp("broker")).start()
    yield started
    started.kill()


class Publisher:
    """A device that publishes; ``heard`` is what reached its own subscription."""

    def __init__(self, port: int, *, will: tuple[str, bytes] | None = None, listen: str = "") -> None:
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.heard: list[MQTTMessage] = []
        if will is not None:
            self.client.will_set(will[0], will[1], qos=1)
        self.client.on_message = lambda _client, _data, message: self.heard.append(message)
        self.client.on_connect = lambda client, *_: listen and client.subscribe(listen, qos=1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def send(self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 1) -> None:
        """Publish and return when the broker has it."""
        self.client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(5)

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self) -> None:
        """Break the connection without a goodbye, so that the broker publishes the will."""
        sock = self.client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self.client.loop_stop()


class EdgeNode:
    """A Sparkplug edge node: counts its messages as the specification asks."""

    def __init__(self, port: int, *, group: str = "Plant", node: str, session: int = 0) -> None:
        self.group, self.node, self.session = group, node, session
        self.seq = 0
        death = make_payload([self._session_metric()])
        self.publisher = Publisher(port, will=(self.topic("NDEATH"), death), listen=self.topic("NCMD"))

    def topic(self, kind: str, device: str = "") -> str:
        return "/".join(part for part in ("spBv1.0", self.group, kind, self.node, device) if part)

    def _session_metric(self) -> dict[str, object]:
        return {"name": "bdSeq", "datatype": 8, "long_value": self.session}

    def birth(self, *metrics: Mapping[str, object]) -> None:
        self.seq = 0
        self._send("NBIRTH", "", [self._session_metric(), *metrics])

    def send(self, kind: str, device: str, *metrics: Mapping[str, object]) -> None:
        self.seq = (self.seq + 1) % 256
        self._send(kind, device, list(metrics))

    def repeat(self) -> None:
        """Send the last message once more."""
        self.publisher.send(*self._last)

    def lose(self, count: int) -> None:
        """Let messages get lost on the way."""
        self.seq = (self.seq + count) % 256

    def _send(self, kind: str, device: str, metrics: list[Mapping[str, object]]) -> None:
        body = make_payload(metrics, seq=self.seq, time_ms=time.time_ns() // 1_000_000)
        self._last = self.topic(kind, device), body
        self.publisher.send(*self._last)


class DeadLine:
    """A TCP line between us and the broker that stops carrying anything when told to.

    ``is_mute``: it still brings what the broker says and carries nothing to it. ``brought`` bytes have come
    from the broker. What we say waits while ``flows`` is clear; ``said`` bytes of it have come.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.is_dead = self.is_mute = False
        self.brought = self.said = 0
        self.flows = asyncio.Event()
        self.flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "DeadLine":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, far_writer}
        for source, sink, is_ours in ((reader, far_writer, True), (far_reader, writer, False)):
            task = asyncio.create_task(self._carry(source, sink, is_ours=is_ours))
            self._tasks.add(task)

    def cut(self) -> None:
        """Break the connections that are open."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_ours: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if is_ours:
                    self.said += len(data)
                    await self.flows.wait()
                else:
                    self.brought += len(data)
                if not self.is_dead and not (is_ours and self.is_mute):
                    sink.write(data)
        if not self.is_dead:
            sink.close()


@asynccontextmanager
async def beating(act: Callable[[int], None], *, every_s: float = 0.05) -> AsyncIterator[None]:
    """Call ``act`` with a growing number until the block ends."""

    async def beat() -> None:
        number = 0
        while True:
            await asyncio.to_thread(act, number)
            number += 1
            await asyncio.sleep(every_s)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def mqtt(port: int, **options: object) -> Connection:
    return connection(ConnectionKind.MQTT, host="127.0.0.1", port=port, **options)


def probe_tag(owner: Connection) -> Tag:
    return topic_tag(PROBE_KEY, owner, PROBE)


async def listening(stage: Stage) -> None:
    """Wait until the connection with ``probe_tag`` among its tags is subscribed."""
    await until(lambda: PROBE_KEY in stage.memory.latest(), within_s=4, what="subscribed")


def topic_tag(key: int, owner: Connection, topic: str, format: str = "number", **changes: object) -> Tag:
    fields = ("path", "metric", "time_path", "time_form", "silent_after_s")
    address = {"topic": topic, "format": format} | {
        name: changes.pop(name) for name in fields if name in changes
    }
    return tag(key, owner, address, **changes)


def pem(folder: Path, name: str) -> tuple[Path, Path]:
    """Return certificate and key files, self-signed, for 127.0.0.1."""
    own = application_certificate(
        folder / name, name=name, application_uri=f"urn:{name}", hosts=["127.0.0.1"], now=datetime.now(UTC)
    )
    certificate = folder / f"{name}.pem"
    read = x509.load_der_x509_certificate(own.certificate.read_bytes())
    certificate.write_bytes(read.public_bytes(serialization.Encoding.PEM))
    return certificate, own.key
