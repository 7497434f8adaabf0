"""MQTT: plain topics, JSON, samples and Sparkplug B from one broker."""
