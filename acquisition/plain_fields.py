"""Typed access to plain data from the set-up, for addresses and for options alike."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from domain.errors import ConfigurationError

Plain = Mapping[str, object]


class PlainFields(ABC):
    """Reads fields of a plain mapping; every wrong or missing one is a ConfigurationError."""

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    @abstractmethod
    def wrong(self, name: str, complaint: str) -> ConfigurationError:
        """Return the error for a field; it names whose field that is."""

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return a text that is not empty, unless that is the default."""
        value = self._plain.get(name, default)
        if not isinstance(value, str) or (not value and value != default):
            raise self.wrong(name, f"must be a text, got {value!r}")
        return value

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within limits."""
        value = self._plain.get(name, default)
        if value is None:
            raise self.wrong(name, "is missing")
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(name, f"must be a whole number from {low} to {high}, got {value!r}")
        return value

    def number(self, name: str, *, low: float, high: float, default: float) -> float:
        """Return a number within limits."""
        value = self._plain.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.wrong(name, f"must be a number from {low:g} to {high:g}, got {value!r}")
        return float(value)
