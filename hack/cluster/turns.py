"""One at a time: commands that change the cluster, and builds of images. Neither kind waits for the other."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cluster.running import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.layout import Layout


@contextmanager
def turn(layout: Layout, what: str) -> Iterator[None]:
    """Wait until nobody else has this turn, and keep it."""
    layout.cache.mkdir(parents=True, exist_ok=True)
    with (layout.cache / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another command with the {what} to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
