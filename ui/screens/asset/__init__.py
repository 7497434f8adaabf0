"""Asset: everything about one machine."""

from ui.screens.asset.screen import make_asset

__all__ = ["make_asset"]
