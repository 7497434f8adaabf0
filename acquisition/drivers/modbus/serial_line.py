"""Serial ports; the only module that imports pyserial.

A thread reads, because Windows' event loop cannot wait for a serial port; octets cross to the loop in order.
The connection's own thread opens, writes and closes, one after the other: adapters' drivers may hang in each.
"""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import serial
from serial.tools import list_ports

from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.lines import Ear
from domain.errors import ConfigurationError, ConnectionLost

_READ_WAIT_S: Final = 0.2
_WRITE_LIMIT_S: Final = 1.0
_SEND_LIMIT_S: Final = 2.0
"""Some drivers of adapters know no limit of ours."""
_CHARACTERS_OF_SILENCE: Final = 3.5
_SHORTEST_SILENCE_S: Final = 0.00175
"""The specification's fixed 1.75 ms above 19 200 baud."""
_PARITIES: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
PARITIES: Final = tuple(_PARITIES)
if sys.platform == "win32":
    _IMPOSSIBLE: tuple[type[Exception], ...] = (ValueError,)
else:
    import termios

    _IMPOSSIBLE = (ValueError, termios.error)


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A port of this computer. ``adapter`` is what stays the same wherever the adapter is plugged in:
    vendor, product and serial number of USB; "" for ports that have none.
    """

    name: str
    adapter: str
    description: str


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """A serial line as set up; see ``links.py`` for the words."""

    port: str
    adapter: str = ""
    baud_rate: int = 19200
    parity: str = "even"
    stop_bits: int = 1
    data_bits: int = 8

    @property
    def octet_s(self) -> float:
        """Seconds that one character takes with its start, parity and stop bits."""
        bits = 1 + self.data_bits + (self.parity != "none") + self.stop_bits
        return bits / self.baud_rate


def serial_ports() -> tuple[SerialPort, ...]:
    """Return the ports that there are now, for the set-up to choose from."""
    return tuple(
        SerialPort(
            port.device,
            "" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}:{port.serial_number or ''}",
            port.description or port.device,
        )
        for port in list_ports.comports()
    )


def port_name(settings: SerialSettings, ports: Sequence[SerialPort]) -> str:
    """Return the name under which the line is found now.

    With an ``adapter`` only that one is taken, never another one that got its name. ConnectionLost while it
    is not plugged in, ConfigurationError when several alike are and none has the name.
    """
    if not settings.adapter:
        return settings.port
    names = [port.name for port in ports if port.adapter == settings.adapter]
    if not names:
        raise ConnectionLost(
            f"adapter {settings.adapter} is not plugged in", key="serial_unplugged", device=settings.adapter
        )
    if settings.port in names or len(names) == 1:
        return settings.port if settings.port in names else names[0]
    raise ConfigurationError(
        f"{', '.join(sorted(names))} are all adapters {settings.adapter}: set option 'port' to one of them",
        key="serial_ambiguous",
        adapter=settings.adapter,
        ports=", ".join(sorted(names)),
    )


class SerialLine:
    """A serial port, found by its adapter each time it is opened."""

    def __init__(self, settings: SerialSettings, calls: CallThread) -> None:
        self.name = settings.port or settings.adapter
        self.octet_s = settings.octet_s
        self.silence_s = max(_CHARACTERS_OF_SILENCE * settings.octet_s, _SHORTEST_SILENCE_S)
        self._settings = settings
        self._calls = calls
        self._port: serial.Serial | None = None
        self._ear: Ear | None = None
        self._reader: threading.Thread | None = None
        self._is_closing = False
        self._closed: asyncio.Future[None] | None = None

    async def open(self, ear: Ear, *, within_s: float) -> None:
        """Open the port for us alone.

        ConnectionLost when it is not there or taken, ConfigurationError when it is not allowed or its
        settings are impossible.
        """
        self._ear = ear
        await self._calls.run(self._open, asyncio.get_running_loop())
        assert self._port is not None
        self.name = str(self._port.port)

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._port = port = self._opened()
        if self._is_closing:  # it took so long that nobody waits for it any more
            port.close()
            return
        self._reader = threading.Thread(
            target=self._read, args=(port, loop), name=f"serial {port.port}", daemon=True
        )
        self._reader.start()

    def _opened(self) -> serial.Serial:
        settings = self._settings
        name = port_name(settings, serial_ports() if settings.adapter else ())
        try:
            return serial.Serial(
                name,
                baudrate=settings.baud_rate,
                bytesize=settings.data_bits,
                parity=_PARITIES[settings.parity],
                stopbits=settings.stop_bits,
                timeout=_READ_WAIT_S,
                write_timeout=_WRITE_LIMIT_S,
                exclusive=True,
            )
        except PermissionError as reason:
            raise self._not_allowed(name) from reason
        except (serial.SerialException, OSError) as reason:
            if isinstance(reason.__context__, PermissionError):
                raise self._not_allowed(name) from reason
            raise ConnectionLost(
                f"{name} cannot be opened: check the adapter and whether another program uses it ({reason})",
                key="serial_unreachable",
                device=name,
            ) from reason
        except _IMPOSSIBLE as reason:
            raise ConfigurationError(
                f"{name} cannot be set so: {reason}",
                key="serial_settings",
                device=name,
                reason=str(reason),
            ) from reason

    @staticmethod
    def _not_allowed(name: str) -> ConfigurationError:
        return ConfigurationError(
            f"{name}: this account may not use the port; an administrator can allow it (Linux: dialout)",
            key="serial_not_allowed",
            device=name,
        )

    async def send(self, octets: bytes) -> None:
        """Write in a thread: Windows returns only when the octets are on the wire."""
        port = self._port
        if port is None or self._is_closing:
            raise ConnectionLost(f"{self.name} is not open", key="device_not_connected", device=self.name)
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await self._calls.run(port.write, octets)
        except TimeoutError:
            raise self._gone(f"it takes no octets for {_SEND_LIMIT_S:.0f} s") from None
        except (serial.SerialException, OSError) as reason:
            raise self._gone(reason) from reason

    async def close(self) -> None:
        """Stop the reader, then close the port, behind a write under way; both happen also unattended."""
        self._is_closing = True
        if self._port is None:
            return
        if self._closed is None:
            self._closed = self._calls.begin(self._close)
        await asyncio.shield(self._closed)

    def _close(self) -> None:
        assert self._port is not None
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.cancel_read()
        if self._reader is not None:
            self._reader.join()
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()

    def _read(self, port: serial.Serial, loop: asyncio.AbstractEventLoop) -> None:
        """Pass octets to the loop until the port is to be closed or is gone (the thread's whole life)."""
        try:
            while not self._is_closing:
                octets = port.read(1)
                if octets:
                    octets += port.read(port.in_waiting)
                    self._tell(loop, octets)
        except (serial.SerialException, OSError) as reason:
            if not self._is_closing:
                self._tell(loop, self._gone(reason))

    def _tell(self, loop: asyncio.AbstractEventLoop, news: bytes | ConnectionLost) -> None:
        assert self._ear is not None
        take = self._ear.heard if isinstance(news, bytes) else self._ear.line_lost
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            loop.call_soon_threadsafe(take, news)  # type: ignore[arg-type]

    def _gone(self, reason: object) -> ConnectionLost:
        return ConnectionLost(
            f"{self.name} is gone: is the adapter still plugged in? ({reason})",
            key="serial_unplugged",
            device=self.name,
        )
