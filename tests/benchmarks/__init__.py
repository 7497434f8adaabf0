"""Figures as JSON lines, each beside the raw limit measured in the same run."""
