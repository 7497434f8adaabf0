"""The table of Modbus links: what each kind of connection is set up with.

``modbus_tcp``: ``host``, ``port`` 502, ``depth`` 1 (requests in flight; raise it only for a device that is
known to answer several).
``modbus_tls``: the same with port 802, and the PEM files ``authority`` (who issues the devices'
certificates), ``certificate`` and ``key`` (ours); ``server_name`` when the device's certificate carries
another name than ``host``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from acquisition.drivers.modbus_link import ModbusLink
from acquisition.drivers.modbus_tcp import TcpLink, TlsEnd
from acquisition.drivers.modbus_tls import tls_context
from acquisition.drivers.options import Options
from domain.plant.readings import LossCounter
from domain.plant.tags import Connection, ConnectionKind

LinkMaker = Callable[[], ModbusLink]

_PORT: Final = 502
_SECURE_PORT: Final = 802
_MOST_IN_FLIGHT: Final = 16


def link_maker(connection: Connection, *, losses: LossCounter) -> LinkMaker:
    """Return what makes a fresh link for each connect; ConfigurationError names a wrong option."""
    return _MAKERS[connection.kind](Options(connection), losses)


def _tcp(options: Options, losses: LossCounter) -> LinkMaker:
    return _socket_link(options, losses, port=_PORT)


def _tls(options: Options, losses: LossCounter) -> LinkMaker:
    server_name = options.text("server_name", default=options.text("host"))
    return _socket_link(options, losses, port=_SECURE_PORT, tls=TlsEnd(tls_context(options), server_name))


def _socket_link(options: Options, losses: LossCounter, *, port: int, tls: TlsEnd | None = None) -> LinkMaker:
    host = options.text("host")
    port = options.integer("port", default=port, low=1, high=65535)
    timeout_s = options.number("timeout_s", default=0.8, low=0.05, high=5.0)
    depth = options.integer("depth", default=1, low=1, high=_MOST_IN_FLIGHT)
    return lambda: TcpLink(host, port, timeout_s=timeout_s, losses=losses, depth=depth, tls=tls)


_MAKERS: Final[Mapping[ConnectionKind, Callable[[Options, LossCounter], LinkMaker]]] = MappingProxyType(
    {
        ConnectionKind.MODBUS_TCP: _tcp,
        ConnectionKind.MODBUS_TLS: _tls,
    }
)
