"""Errors that the product raises on purpose.

Each carries a message key and parameters: ``ui/text.py`` makes the words for operators, ``str(error)`` gives
an English line for logs and the console. Each says what happened, to which asset or tag, and what to do.
"""

import math
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

Plain = bool | int | float | str | list["Plain"] | None
"""What JSON knows without a word about it."""


class ControlRoomError(Exception):
    """Base of every deliberate error.

    Parameters
    ----------
    message : English sentence: what happened, where, and what the reader can do
    key : message key for ``ui/text.py``; defaults to the class name
    parameters : values that the worded message needs
    """

    def __init__(self, message: str, *, key: str | None = None, **parameters: object) -> None:
        super().__init__(message)
        self.key = key or type(self).__name__
        self.parameters: Mapping[str, object] = MappingProxyType(parameters)

    def plain_parameters(self) -> dict[str, Plain]:
        """Return the parameters for a file: what JSON does not know, such as a path, as text."""
        return {name: _plain(value) for name, value in self.parameters.items()}

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process with key and parameters."""
        return _made_again, (type(self), str(self), self.key, dict(self.parameters))


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return str(value)


def _made_again(
    kind: type[ControlRoomError], message: str, key: str, parameters: Mapping[str, object]
) -> ControlRoomError:
    return kind(message, key=key, **parameters)


class Cancelled(ControlRoomError):
    """A person ended long work before its end; nothing of it stays."""


class ConfigurationError(ControlRoomError):
    """A setting, address or set-up row is wrong; the sentence names the row and the cure."""


class UnitError(ConfigurationError):
    """A unit is undeclared, unknown or of another dimension."""


class AcquisitionError(ControlRoomError):
    """A device did not deliver."""


class ConnectionLost(AcquisitionError):
    """The link to a device is closed or refused."""


class DeviceTimeout(AcquisitionError):
    """The device holds the link open but does not answer."""


class ProtocolError(AcquisitionError):
    """The device answered something that does not answer the question."""


class DeviceRefused(AcquisitionError):
    """The device answered with an exception code or a bad status."""


class DecodeError(AcquisitionError):
    """Bytes arrived that are not a value of the declared type."""


class WriteOutcomeUnknown(AcquisitionError):
    """A write went out once and was not confirmed: the device may or may not have taken it.

    Parameter ``read_back`` is what the device held afterwards, None when it did not say.
    """


class InsufficientData(ControlRoomError):
    """A figure cannot be computed from what there is; the reason is told, never a number."""


class StorageError(ControlRoomError):
    """A database or file did not do its work."""


class NotFound(StorageError):
    """No row with this id."""


class Conflict(StorageError):
    """Somebody else changed the same thing first.

    Parameters ``by`` and ``at`` name the other person and time.
    """


class DatabaseUnreachable(StorageError):
    """The database server does not answer; what is to be stored is kept and stored later."""


class LeaseLost(StorageError):
    """Another collector has taken over: this one may neither poll nor write any more."""


class DatabaseDamaged(StorageError):
    """The database file is damaged, foreign or unexpectedly empty."""


class MigrationFailed(StorageError):
    """The schema could not be brought to this program's version."""


class AlreadyRunning(ControlRoomError):
    """Another program instance holds the lock on this data folder."""


class RuleViolation(ControlRoomError):
    """A rule of the plant forbids the act."""


class IllegalTransition(RuleViolation):
    """The state does not allow this event."""


class NotPermitted(RuleViolation):
    """The role may not do this; parameter ``roles`` names those who may."""
