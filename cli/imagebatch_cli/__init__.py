"""The command line, over HTTP only."""
