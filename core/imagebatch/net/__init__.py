"""The door for all outgoing requests: which addresses may be reached, and the HTTP client that obeys."""
