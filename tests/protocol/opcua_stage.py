"""Starting, stopping and talking to the OPC UA server child; certificates for both ends."""

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acquisition.certificates import OwnCertificate, TrustFolder, application_certificate, x509_of
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.freezing import freeze
from tests.protocol.opcua_child import SERVER_URI, URI
from tests.protocol.stage import connection, tag

CHILD = Path(__file__).with_name("opcua_child.py")


class ServerChild:
    """The server process; ``start`` returns when it listens. Usable from any event loop."""

    def __init__(self, port: int, **options: Any) -> None:
        self.port = port
        self._options = {"port": port} | options

    async def __aenter__(self) -> "ServerChild":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    def launch(self, **changes: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), json.dumps(self._options | changes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._line() == {"ready": True}

    async def start(self, **changes: Any) -> None:
        await asyncio.to_thread(lambda: self.launch(**changes))

    async def tell(self, do: str, **details: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do} | details) + "\n")
        self._process.stdin.flush()
        return await asyncio.to_thread(self._line)

    def kill(self) -> None:
        self._process.kill()
        with self._process:
            pass

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        content: dict[str, Any] = json.loads(self._process.stdout.readline())
        return content


def plain_connection(port: int, **options: object) -> Connection:
    """A connection without security, with the waiver that it needs."""
    endpoint = f"opc.tcp://127.0.0.1:{port}/"
    return connection(ConnectionKind.OPCUA, endpoint=endpoint, security="None", waiver=True, **options)


def node_tag(key: int, owner: Connection, name: str, **changes: object) -> Tag:
    return tag(key, owner, {"namespace_uri": URI, "identifier": name}, **changes)


def scalar_tags(owner: Connection, count: int) -> list[Tag]:
    return [node_tag(number, owner, f"tag.{number}") for number in range(count)]


def server_certificate(
    folder: Path,
    *,
    uri: str = SERVER_URI,
    hosts: tuple[str, ...] = ("127.0.0.1",),
    now: datetime | None = None,
) -> OwnCertificate:
    return application_certificate(
        folder, name="server", application_uri=uri, hosts=hosts, now=now or datetime.now(UTC)
    )


def trust(pki: Path, certificate: OwnCertificate) -> None:
    TrustFolder(pki).trust(x509_of(certificate.certificate))
