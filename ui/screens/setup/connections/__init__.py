"""The connections tab: devices, and the three steps in which one is set up."""

from ui.screens.setup.connections.tab import make_tab

__all__ = ["make_tab"]
