"""Alarms: what is active, what waits, what happened, and what to do about it."""

from ui.screens.alarms.screen import make_alarms

__all__ = ["make_alarms"]
