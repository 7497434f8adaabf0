"""Array mathematics: numpy and scipy in, value types of the domain out. No I/O, no clock, no state."""
