"""A shard's results as they come: parts written while it works, the results file last. Used by the shard's loop.

What earlier attempts finished is read first and never done again. A kill costs at most one flush interval.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.attempts import history
from imagebatch.model.results import part_from_bytes, part_to_bytes, results_to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagebatch.model.attempts import History
    from imagebatch.model.results import Outcome
    from imagebatch.ports import BlobStore

CONTENT_TYPE = "application/jsonl"


class Ledger:
    """The outcomes of one shard in one attempt. Any thread may call any method once `begin` has returned."""

    def __init__(self, store: BlobStore, request_id: str, shard: int) -> None:
        self._store = store
        self._request_id = request_id
        self._shard = shard
        self._attempt = ""
        self._parts = 0
        self._writing = threading.Lock()  # one part after the other: a later one may speak of images of an earlier
        self._lock = threading.Lock()
        self._done: dict[int, Outcome] = {}
        self._unwritten: list[Outcome] = []

    @property
    def is_complete(self) -> bool:
        """True when an attempt already wrote the shard's results; they are kept."""
        return self._store.head(self._results_key) is not None

    def begin(self) -> History:
        """Read what earlier attempts left, announce this attempt; return what they tell."""
        parts = self._store.list(names.parts_prefix(self._request_id, self._shard))
        earlier = history(part_from_bytes(self._store.get(info.key)) for info in parts)
        self._done.update(earlier.done)
        # The random half keeps two workers of one index apart: a pod may be started twice.
        self._attempt = f"{earlier.attempts + 1:04d}.{secrets.token_hex(4)}"
        self._write()
        return earlier

    def add(self, outcome: Outcome) -> int:
        """Take an image's end; return how many are not yet written."""
        with self._lock:
            self._done[outcome.index] = outcome
            self._unwritten.append(outcome)
            return len(self._unwritten)

    def mark(self, index: int) -> None:
        """Write that an image is begun now, together with what ended before. Careful attempts only."""
        self._write(started=[index])

    def flush(self, *, stopped: bool = False) -> None:
        """Write what is not yet written as a part. `stopped` says that this attempt ends by its own will."""
        self._write(stopped=stopped)

    def finish(self) -> None:
        """Write the last part, then the shard's results file, unless one is there."""
        self.flush()
        if not self.is_complete:
            self._store.put(self._results_key, results_to_bytes(self._done.values()), CONTENT_TYPE)

    def _write(self, *, stopped: bool = False, started: Sequence[int] = ()) -> None:
        """Write the next part, unless it would say nothing; the first says that there is this attempt."""
        with self._writing:
            with self._lock:
                outcomes, self._unwritten = self._unwritten, []
            if outcomes or stopped or started or not self._parts:
                key = names.part_key(self._request_id, self._shard, self._attempt, self._parts)
                self._parts += 1
                body = part_to_bytes(self._attempt, outcomes, stopped=stopped, started=started)
                self._store.put(key, body, CONTENT_TYPE)

    @property
    def _results_key(self) -> str:
        return names.shard_results_key(self._request_id, self._shard)


class Flusher:
    """Flushes a ledger every `seconds` or when `images` outcomes wait, in the thread that calls `run`."""

    def __init__(self, ledger: Ledger, *, seconds: float, images: int) -> None:
        self._ledger = ledger
        self._seconds = seconds
        self._images = images
        self._wake = threading.Event()

    def add(self, outcome: Outcome) -> None:
        """Record an outcome; a full batch of them is written at once."""
        if self._ledger.add(outcome) >= self._images:
            self._wake.set()

    def wake(self) -> None:
        """Let `run` look again at whether the work is over."""
        self._wake.set()

    def run_until(self, over: threading.Event) -> None:
        """Flush in intervals until `over` is set and `wake` was called. Raises Unavailable with the store's."""
        next_flush = time.monotonic() + self._seconds
        while not over.is_set():
            self._wake.wait(max(0.0, next_flush - time.monotonic()))
            self._wake.clear()
            if not over.is_set():
                self._ledger.flush()
            next_flush = time.monotonic() + self._seconds
