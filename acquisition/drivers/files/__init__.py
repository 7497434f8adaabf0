"""Watched folders, each file taken exactly once."""
