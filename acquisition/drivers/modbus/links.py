"""The table of Modbus links: what each kind of connection is set up with.

``modbus_tcp``: ``host``, ``port`` 502, ``depth`` 1 (requests in flight; raise it only for a device that is
known to answer several).
``modbus_tls``: the same with port 802, and the PEM files ``authority`` (who issues the devices'
certificates), ``certificate`` and ``key`` (ours); ``server_name`` when the device's certificate carries
another name than ``host``.
``modbus_rtu_tcp``: RTU frames on TCP as serial servers pass them through: ``host``, ``port`` 502,
``settle_s`` 0.3, the longest that a device answers after the time-out.
``modbus_serial``: RTU on a serial port: ``port`` (COM3, /dev/ttyUSB0), ``adapter`` (USB identity as
``serial_ports`` tells it; the line is then found again under any name, and no other adapter is ever taken for
it), ``baud_rate`` 19200, ``parity`` even, ``stop_bits`` 1, ``data_bits`` 8, ``settle_s`` 0.3. The time on the
wire is added to ``timeout_s``. One connection is one line; the tags' addresses name the units.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.lines import Line, TcpLine
from acquisition.drivers.modbus.link import ModbusLink
from acquisition.drivers.modbus.rtu import RtuLink
from acquisition.drivers.modbus.tcp import TcpLink, TlsEnd
from acquisition.drivers.modbus.tls import tls_context
from acquisition.drivers.options import Options
from domain.plant.readings import LossCounter
from domain.plant.tags import Connection, ConnectionKind

LinkMaker = Callable[[], ModbusLink]
_Prepare = Callable[[Options, LossCounter, CallThread], LinkMaker]

_PORT: Final = 502
_SECURE_PORT: Final = 802
_MOST_IN_FLIGHT: Final = 16


def link_maker(connection: Connection, *, losses: LossCounter, calls: CallThread) -> LinkMaker:
    """Return what makes a fresh link for each connect; ConfigurationError names a wrong option.

    What may hang is called in the thread of ``calls``.
    """
    return _MAKERS[connection.kind](Options(connection), losses, calls)


def _tcp(options: Options, losses: LossCounter, calls: CallThread) -> LinkMaker:
    return _socket_link(options, losses, calls, port=_PORT)


def _tls(options: Options, losses: LossCounter, calls: CallThread) -> LinkMaker:
    tls = TlsEnd(tls_context(options), options.text("server_name", default=options.text("host")))
    return _socket_link(options, losses, calls, port=_SECURE_PORT, tls=tls)


def _socket_link(
    options: Options, losses: LossCounter, calls: CallThread, *, port: int, tls: TlsEnd | None = None
) -> LinkMaker:
    host = options.text("host")
    port = options.integer("port", default=port, low=1, high=65535)
    timeout_s = options.number("timeout_s", default=0.8, low=0.05, high=5.0)
    depth = options.integer("depth", default=1, low=1, high=_MOST_IN_FLIGHT)
    return lambda: TcpLink(host, port, timeout_s=timeout_s, losses=losses, calls=calls, depth=depth, tls=tls)


def _rtu_tcp(options: Options, losses: LossCounter, calls: CallThread) -> LinkMaker:
    host = options.text("host")
    port = options.integer("port", default=_PORT, low=1, high=65535)
    return _rtu_link(options, losses, lambda: TcpLine(host, port, calls))


def _serial(options: Options, losses: LossCounter, calls: CallThread) -> LinkMaker:
    from acquisition.drivers.modbus.serial_line import PARITIES, SerialLine, SerialSettings

    adapter = options.text("adapter", default="")
    settings = SerialSettings(
        port=options.text("port", default="") if adapter else options.text("port"),
        adapter=adapter,
        baud_rate=options.integer("baud_rate", default=19200, low=300, high=4_000_000),
        parity=options.choice("parity", PARITIES, default="even"),
        stop_bits=options.integer("stop_bits", default=1, low=1, high=2),
        data_bits=options.integer("data_bits", default=8, low=7, high=8),
    )
    return _rtu_link(options, losses, lambda: SerialLine(settings, calls))


def _rtu_link(options: Options, losses: LossCounter, make_line: Callable[[], Line]) -> LinkMaker:
    timeout_s = options.number("timeout_s", default=0.8, low=0.05, high=5.0)
    settle_s = options.number("settle_s", default=0.3, low=0.01, high=10.0)
    return lambda: RtuLink(make_line(), timeout_s=timeout_s, settle_s=settle_s, losses=losses)


_MAKERS: Final[Mapping[ConnectionKind, _Prepare]] = MappingProxyType(
    {
        ConnectionKind.MODBUS_TCP: _tcp,
        ConnectionKind.MODBUS_TLS: _tls,
        ConnectionKind.MODBUS_RTU_TCP: _rtu_tcp,
        ConnectionKind.MODBUS_SERIAL: _serial,
    }
)
