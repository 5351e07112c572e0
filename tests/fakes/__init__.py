"""The ports in memory, for unit tests."""
