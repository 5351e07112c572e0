"""Everything on one machine, in one process tree."""
