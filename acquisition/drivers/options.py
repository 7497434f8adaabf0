"""Typed access to the plain options of a connection; complaints name connection and option."""

import os
from collections.abc import Mapping, Sequence

from acquisition.plain_fields import PlainFields
from domain.errors import ConfigurationError
from domain.plant.tags import Connection


class Options(PlainFields):
    """Reads ``Connection.options``; every wrong or missing one is a ConfigurationError."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.options)
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

    def choice(self, name: str, allowed: Sequence[str], *, default: str) -> str:
        """Return one of the allowed words."""
        value = self._plain.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.wrong(name, f"must be one of {', '.join(allowed)}, got {value!r}")
        return value

    def secret(self, name: str) -> str:
        """Return what the environment variable holds that the option names; the set-up has no secrets."""
        variable = self.text(name)
        secret = os.environ.get(variable)
        if secret is None:
            raise self.wrong(name, f"names '{variable}', which is not set")
        return secret

    def mappings(self, name: str) -> Sequence[Mapping[str, object]]:
        """Return the mappings of a list; one alone stands for a list of it, none when absent."""
        value = self._plain.get(name, ())
        listed = [value] if isinstance(value, Mapping) else value
        if not isinstance(listed, (list, tuple)) or not all(isinstance(each, Mapping) for each in listed):
            raise self.wrong(name, f"must be a mapping or a list of mappings, got {value!r}")
        return listed

    def flag(self, name: str) -> bool:
        """Return a yes or no; no when absent."""
        value = self._plain.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, f"must be true or false, got {value!r}")
        return value
