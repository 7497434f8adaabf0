"""Certificates of OPC UA: who is believed, who is refused and why, and our own."""

from ui.screens.setup.certificates.tab import make_tab

__all__ = ["make_tab"]
