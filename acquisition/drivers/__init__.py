"""The table of drivers: one line per kind. A driver's library is imported when it is first needed.

A driver of one module stands here (``replay``), a larger one in a package of its own whose ``driver`` is what
the table makes. What several drivers share stands beside the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from acquisition.blocking_calls import CallThreads
from acquisition.driver import Driver, Settle, settled_at_once
from acquisition.drivers.files.book import FileBook, ForgetfulBook
from domain.instants import Clock
from domain.plant.tags import Connection, ConnectionKind


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """How to make a driver.

    ``is_polled``: every tag is due each period, so silence means stale. ``is_unsigned``: the connection was
    allowed to go without signatures although its protocol has them; it carries a permanent mark.
    ``keeps_sequence``: rows come with numbers of their own, the same whenever they come again.
    """

    create: Callable[[Connection, Clock], Driver]
    is_polled: bool
    is_unsigned: Callable[[Connection], bool] = lambda connection: False
    keeps_sequence: bool = False


def _modbus_entry() -> DriverEntry:
    threads = CallThreads()

    def create(connection: Connection, clock: Clock) -> Driver:
        from acquisition.drivers.modbus.driver import ModbusDriver

        return ModbusDriver(connection, clock=clock, calls=threads.of(connection))

    return DriverEntry(create, is_polled=True)


def _opcua(connection: Connection, clock: Clock) -> Driver:
    from acquisition.drivers.opcua.driver import OpcUaDriver

    return OpcUaDriver(connection, clock=clock)


def mqtt_entry(settle: Settle) -> DriverEntry:
    """Return how to listen to brokers whose kept values are ``settle``d before the broker forgets them."""

    def create(connection: Connection, clock: Clock) -> Driver:
        from acquisition.drivers.mqtt.driver import MqttDriver

        return MqttDriver(connection, clock=clock, settle=settle)

    return DriverEntry(
        create, is_polled=False, is_unsigned=lambda connection: not connection.options.get("tls")
    )


def files_entry(book: FileBook) -> DriverEntry:
    """Return how to watch folders with a book that remembers which files were taken."""
    threads = CallThreads()

    def create(connection: Connection, clock: Clock) -> Driver:
        from acquisition.drivers.files.driver import FilesDriver

        return FilesDriver(connection, clock=clock, book=book, calls=threads.of(connection))

    return DriverEntry(create, is_polled=False, keeps_sequence=True)


def _replay(connection: Connection, clock: Clock) -> Driver:
    from acquisition.drivers.replay import ReplayDriver

    return ReplayDriver(connection, clock=clock)


DRIVERS: Final[Mapping[ConnectionKind, DriverEntry]] = MappingProxyType(
    {
        ConnectionKind.MODBUS_TCP: _modbus_entry(),
        ConnectionKind.MODBUS_TLS: _modbus_entry(),
        ConnectionKind.MODBUS_SERIAL: _modbus_entry(),
        ConnectionKind.MODBUS_RTU_TCP: _modbus_entry(),
        ConnectionKind.OPCUA: DriverEntry(
            _opcua,
            is_polled=False,
            is_unsigned=lambda connection: connection.options.get("security") == "None",
        ),
        ConnectionKind.MQTT: mqtt_entry(settled_at_once),
        ConnectionKind.FILES: files_entry(ForgetfulBook()),
        ConnectionKind.REPLAY: DriverEntry(_replay, is_polled=False),
    }
)
