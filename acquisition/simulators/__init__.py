"""The demo plant: seeded physics of a bottling plant, served over real Modbus TCP and OPC UA."""
