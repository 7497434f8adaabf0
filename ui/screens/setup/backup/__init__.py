"""Backup: copies that are proven by opening them, and a look through the data in use."""

from ui.screens.setup.backup.tab import make_tab

__all__ = ["make_tab"]
