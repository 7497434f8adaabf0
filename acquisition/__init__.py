"""Reading devices: drivers, their supervisor, the hub and the rings other processes read."""
