"""Long runs of the real program, on demand: ``python -m tests.soak NAME``."""
