"""Typed access to the plain options of a connection; complaints name connection and option."""

from collections.abc import Mapping, Sequence

from domain.errors import ConfigurationError
from domain.plant.tags import Connection


class Options:
    """Reads ``Connection.options``; every wrong or missing one is a ConfigurationError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wrong(self, name: str, complaint: str) -> ConfigurationError:
        """Return the error for an option of this connection."""
        return ConfigurationError(
            f"connection '{self._connection.name}': option '{name}' {complaint}",
            key="option_wrong",
            connection=self._connection.name,
            option=name,
            complaint=complaint,
        )

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return a text that is not empty."""
        value = self._connection.options.get(name, default)
        if not isinstance(value, str) or (not value and value != default):
            raise self.wrong(name, f"must be a text, got {value!r}")
        return value

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """Return a whole number within limits."""
        value = self._connection.options.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(name, f"must be a whole number from {low} to {high}, got {value!r}")
        return value

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        """Return a number within limits."""
        value = self._connection.options.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.wrong(name, f"must be a number from {low:g} to {high:g}, got {value!r}")
        return float(value)

    def choice(self, name: str, allowed: Sequence[str], *, default: str) -> str:
        """Return one of the allowed words."""
        value = self._connection.options.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.wrong(name, f"must be one of {', '.join(allowed)}, got {value!r}")
        return value

    def mappings(self, name: str) -> Sequence[Mapping[str, object]]:
        """Return the mappings of a list; one alone stands for a list of it, none when absent."""
        value = self._connection.options.get(name, ())
        listed = [value] if isinstance(value, Mapping) else value
        if not isinstance(listed, (list, tuple)) or not all(isinstance(each, Mapping) for each in listed):
            raise self.wrong(name, f"must be a mapping or a list of mappings, got {value!r}")
        return listed

    def flag(self, name: str) -> bool:
        """Return a yes or no; no when absent."""
        value = self._connection.options.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, f"must be true or false, got {value!r}")
        return value
