"""The pure part: plain data and pure functions over it, on the standard library alone."""
