"""Recordings in files, whatever their format, as channels and columns."""
