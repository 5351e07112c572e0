"""Fixtures of every suite; each module says what it gives."""

pytest_plugins = ["fixtures.servers", "fixtures.web"]
