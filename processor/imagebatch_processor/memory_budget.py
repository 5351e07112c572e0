"""One sum of memory for all pictures in decoding: who needs more than is left waits, in the order of asking."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryBudget:
    """A weighted semaphore over bytes, first come first served, so that large pictures are not overtaken for ever."""

    def __init__(self, total_bytes: int) -> None:
        self.total_bytes = total_bytes
        self._free_bytes = total_bytes
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size_bytes: int) -> Iterator[int]:
        """Hold that many bytes, at most all there are, while the block runs; yields the number held."""
        held_bytes = min(size_bytes, self.total_bytes)
        self._take(held_bytes)
        try:
            yield held_bytes
        finally:
            with self._changed:
                self._free_bytes += held_bytes
                self._changed.notify_all()

    def _take(self, size_bytes: int) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and self._free_bytes >= size_bytes)
            self._waiting.popleft()
            self._free_bytes -= size_bytes
            self._changed.notify_all()
