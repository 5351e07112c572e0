"""Brings every batch to its end: observe, decide, act; settle and deliver."""
