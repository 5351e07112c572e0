"""The service played in one process, so that a program can die, and a server be away, between any two effects."""
