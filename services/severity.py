"""The severity table of the product, read from its resources."""

import tomllib
from importlib.resources import files

from domain.condition.severity import SeverityTable


def severity_table() -> SeverityTable:
    """Return the boundaries shipped with the product; ConfigurationError names a bad row."""
    text = files("resources").joinpath("limits/vibration_severity.toml").read_text(encoding="utf-8")
    return SeverityTable.from_plain(tomllib.loads(text))
