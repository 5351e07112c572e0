"""How many requests run against one host at once. Used by the guarded HTTP client."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class HostSlots:
    """At most `per_host` holders for each host; hosts without a holder take no memory. Thread-safe."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._held: dict[str, int] = {}
        self._freed = Condition()

    @contextmanager
    def held(self, host: str) -> Iterator[None]:
        """Wait for a slot of `host` and keep it for the block."""
        with self._freed:
            self._freed.wait_for(lambda: self._held.get(host, 0) < self._per_host)
            self._held[host] = self._held.get(host, 0) + 1
        try:
            yield
        finally:
            self._give_back(host)

    def _give_back(self, host: str) -> None:
        with self._freed:
            self._held[host] -= 1
            if not self._held[host]:
                del self._held[host]
            self._freed.notify_all()
