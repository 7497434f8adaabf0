"""Moving a plant between files and a server, proven table by table."""
