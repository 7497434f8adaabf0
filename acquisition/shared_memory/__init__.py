"""What the processes share: rings of samples, the newest values, the newest spectra."""
