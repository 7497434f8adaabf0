"""What tags said: a tail of the last minutes, chunks of columns, levels for long trends."""
