"""Overview: the level 1 display of the plant."""

from ui.screens.overview.screen import make_overview

__all__ = ["make_overview"]
