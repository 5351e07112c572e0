"""The calls of the service, one module a theme; each gives a `router`."""
