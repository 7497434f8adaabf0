"""The machine classes shipped with the product, read from its resources."""

import tomllib
from importlib.resources import files

from domain.plant.templates import MachineClass, machine_classes_of


def machine_classes() -> tuple[MachineClass, ...]:
    """Return the classes in the order of the file; ConfigurationError names a bad one."""
    text = files("resources").joinpath("templates/machine_classes.toml").read_text(encoding="utf-8")
    return machine_classes_of(tomllib.loads(text))
