"""Fixtures of every suite; each module says what it gives."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["fixtures.servers", "fixtures.web"]

# A shell has what it runs in the background ignore Ctrl-C, and children inherit that: those under test must not.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing of what is proved.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
