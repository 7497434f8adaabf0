"""Waveforms and spectra: a file a month, or a server."""
