"""Keeps the shards of one operator apart from those of the one before it, which outlive it by some seconds.

Taken by the operator's process before it starts any shard, and handed down to every one of them.
"""

from __future__ import annotations

import fcntl
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)


class ShardLock:
    """A lock that its process and all heirs of `fileno` hold together: it is free when the last of them ended.

    The kernel sees to that, whichever way they end: a flock belongs to the open file, which they share.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab")
        self._path = file

    @property
    def fileno(self) -> int:
        """The descriptor to hand down."""
        return self._file.fileno()

    def take(self, timeout_seconds: float, give_up: Callable[[], bool]) -> bool:
        """Wait until nobody of an earlier operator's is left; False after the timeout or when `give_up` says so."""
        deadline = time.monotonic() + timeout_seconds
        told = False
        while not self._try():
            if not told:
                log.info("waiting for the shards of the operator before this one")
                told = True
            if give_up():
                return False
            if time.monotonic() > deadline:
                log.warning("shards of the operator before this one still run after %.0f s", timeout_seconds)
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def close(self) -> None:
        """Let go of it; heirs that still run go on holding it."""
        self._file.close()

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
