"""Lines carry octets both ways; what they mean is for the link above them."""

import asyncio
from typing import Protocol

from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.sockets import open_socket
from domain.errors import ConnectionLost


class Ear(Protocol):
    """Who listens to a line; called in the event loop."""

    def heard(self, octets: bytes) -> None:
        """Take octets in the order of their arrival, cut anywhere."""
        ...

    def line_lost(self, reason: ConnectionLost) -> None:
        """Take that nothing more will come."""
        ...


class Line(Protocol):
    """A way to the devices, made fresh for every connect."""

    name: str
    octet_s: float
    """How long one octet takes on the wire; 0 where it does not matter."""
    silence_s: float
    """How long the wire must rest before a frame."""

    async def open(self, ear: Ear, *, within_s: float) -> None:
        """Open; ConnectionLost when it cannot be, ConfigurationError when a person must help."""
        ...

    async def send(self, octets: bytes) -> None:
        """Hand octets to the wire; ConnectionLost when it is gone."""
        ...

    async def close(self) -> None:
        """Close; never raises. When it returns the port is free."""
        ...


class TcpLine(asyncio.Protocol):
    """A serial server (or a device that speaks RTU frames on TCP)."""

    octet_s = 0.0
    silence_s = 0.0

    def __init__(self, host: str, port: int, calls: CallThread) -> None:
        self.name = f"{host}:{port}"
        self._calls = calls
        self._address = host, port
        self._ear: Ear | None = None
        self._transport: asyncio.Transport | None = None

    async def open(self, ear: Ear, *, within_s: float) -> None:
        """Connect; ConnectionLost when it is refused or nobody answers in time."""
        self._ear = ear
        try:
            socket = await open_socket(*self._address, calls=self._calls, within_s=within_s)
            await asyncio.get_running_loop().create_connection(lambda: self, sock=socket)
        except OSError as reason:
            raise ConnectionLost(
                f"{self.name} cannot be reached: check power, cable and address",
                key="device_unreachable",
                device=self.name,
            ) from reason

    async def send(self, octets: bytes) -> None:
        """Send at once."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLost(
                f"{self.name} is not connected", key="device_not_connected", device=self.name
            )
        self._transport.write(octets)

    async def close(self) -> None:
        """Close the socket at once."""
        self._ear = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass octets on."""
        if self._ear is not None:
            self._ear.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the loss on."""
        if self._ear is not None:
            self._ear.line_lost(
                ConnectionLost(f"{self.name} closed the connection", key="device_closed", device=self.name)
            )
