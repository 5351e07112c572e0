"""Whether the watch is alive: what the sweep finds changed, the watch must have told of. Asked by the liveness probe.

A stream that broke is opened again by kopf; this sees one that is gone without anybody noticing. Time counts from
sweep to sweep: as long as none is made, such as while the database is away, nothing is known of the watch.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATIENCE_SECONDS = 90.0


def version_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is compared of an object, which may be large."""
    metadata = found["metadata"]
    return {"metadata": {name: metadata[name] for name in ("uid", "resourceVersion")}}


class WatchHealth:
    """Compares versions of objects by uid. Thread-safe; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[str, tuple[str, float]] = {}
        self._missing: dict[str, float] = {}
        self._compared_at = 0.0
        self._lock = threading.Lock()

    def tell(self, found: dict[str, Any], *, deleted: bool = False) -> None:
        """Note that the watch told of an object."""
        uid, version = found["metadata"]["uid"], found["metadata"]["resourceVersion"]
        with self._lock:
            self._missing.pop(uid, None)
            if deleted:
                self._told.pop(uid, None)
            else:
                self._told[uid] = version, self._monotonic()

    def compare(self, listed: Iterable[dict[str, Any]], asked_at: float) -> None:
        """Note since when the watch has not told of what a sweep found that was asked for at `asked_at`.

        What the watch told since then may be newer than what was found; what is gone by now counts no more.
        """
        now = self._monotonic()
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in listed}
        with self._lock:
            newer = {uid for uid, (_, told_at) in self._told.items() if told_at >= asked_at}
            agreed = {uid for uid, (version, _) in self._told.items() if versions.get(uid) == version}
            self._missing = {uid: self._missing.get(uid, now) for uid in versions.keys() - newer - agreed}
            self._told = {uid: told for uid, told in self._told.items() if uid in versions or uid in newer}
            self._compared_at = now

    def silent_seconds(self) -> float:
        """Return for how long sweeps have seen what the watch has not told of; 0 when there is no such thing."""
        with self._lock:
            return max((self._compared_at - since for since in self._missing.values()), default=0.0)
