"""Setup: connections, machines, bearings, links, health of the system, backup. A tab is one package here."""

from ui.screens.setup.screen import make_setup

__all__ = ["make_setup"]
