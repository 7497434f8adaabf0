"""OPC UA: what is subscribed, read, browsed and fetched from a server's memory."""
