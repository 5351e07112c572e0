"""The pictures in tests/fixtures/pictures, whose kinds no encoder of the test environment writes."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "pictures"


def kept_picture(name: str) -> bytes:
    """Return the bytes of one of them."""
    return (FOLDER / name).read_bytes()
