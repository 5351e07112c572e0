"""Fixtures of every suite; each module says what it gives."""

import signal

pytest_plugins = ["fixtures.servers", "fixtures.web"]

# A shell has what it runs in the background ignore Ctrl-C, and children inherit that: those under test must not.
signal.signal(signal.SIGINT, signal.default_int_handler)
