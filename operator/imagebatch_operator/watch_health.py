"""Whether the watch is alive: what the sweep finds changed, the watch must have told of. Asked by the liveness probe.

A stream that broke is opened again by kopf; this sees one that is gone without anybody noticing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATIENCE_SECONDS = 90.0


class WatchHealth:
    """Compares versions of objects by uid. Thread-safe; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[str, str] = {}
        self._missing: dict[str, float] = {}
        self._lock = threading.Lock()

    def tell(self, found: dict[str, Any], *, deleted: bool = False) -> None:
        """Note that the watch told of an object."""
        uid, version = found["metadata"]["uid"], found["metadata"]["resourceVersion"]
        with self._lock:
            self._missing.pop(uid, None)
            if deleted:
                self._told.pop(uid, None)
            else:
                self._told[uid] = version

    def compare(self, listed: Iterable[dict[str, Any]]) -> None:
        """Note since when the watch has not told of what a sweep found; what is gone by now counts no more."""
        now = self._monotonic()
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in listed}
        with self._lock:
            self._missing = {
                uid: self._missing.get(uid, now) for uid, version in versions.items() if self._told.get(uid) != version
            }
            self._told = {uid: version for uid, version in self._told.items() if uid in versions}

    def silent_seconds(self) -> float:
        """Return for how long the watch has not told of something that a sweep saw; 0 when there is no such thing."""
        now = self._monotonic()
        with self._lock:
            return max((now - since for since in self._missing.values()), default=0.0)
