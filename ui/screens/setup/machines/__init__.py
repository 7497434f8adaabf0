"""The machines tab of Setup."""

from ui.screens.setup.machines.tab import make_tab

__all__ = ["make_tab"]
