"""System health: the collector's own status, in words."""

from ui.screens.setup.health.tab import make_tab

__all__ = ["make_tab"]
