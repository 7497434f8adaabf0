"""The bearing catalogue in Setup."""

from ui.screens.setup.bearings.tab import make_tab

__all__ = ["make_tab"]
