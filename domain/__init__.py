"""The plant's vocabulary and rules: standard library and numpy, no I/O."""
