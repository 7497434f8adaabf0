"""Modbus on every wire it comes by: one scan path above links that differ."""
