"""Facts that services tell to whoever listens: small, frozen, without the data; readers refetch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmsChanged:
    """At least one alarm has a new state, here or on another workstation."""


@dataclass(frozen=True, slots=True)
class ReportsChanged:
    """People reported or corrected something: a reading by hand, an observation."""


@dataclass(frozen=True, slots=True)
class PlantChanged:
    """The set-up, its limits or baselines changed."""
