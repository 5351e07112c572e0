"""The shard's loop: threads that each take an image through the pipeline, and the ledger that remembers.

There are more threads than encoders, so that downloads and uploads go on while the cores encode.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from imagebatch.model.errors import Unavailable
from imagebatch_processor.careful import CarefulTurns, careful_turns
from imagebatch_processor.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagebatch.model.plan import Image
    from imagebatch.model.results import Outcome
    from imagebatch_processor.ledger import Flusher, Ledger
    from imagebatch_processor.pipeline import Download

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 10.0  # for what is being encoded or uploaded when SIGTERM comes


class End(Enum):
    """How a shard's run ended."""

    DONE = "done"
    STOPPED = "stopped"


class Steps(Protocol):
    """An image's way in two steps: what a stop drops, and what it waits for. Safe for many threads."""

    def fetch(self, image: Image) -> Download:
        """Return what came of the image's URL."""

    def finish(self, download: Download) -> Outcome:
        """Return the image's end. Raises Unavailable when the store is away."""


class Shard:
    """One run over the images that no earlier attempt finished."""

    def __init__(self, ledger: Ledger, flusher: Flusher, steps: Steps, *, threads: int) -> None:
        self._ledger = ledger
        self._flusher = flusher
        self._steps = steps
        self._threads = threads
        self._running = 0
        self._finishing = 0
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._over = threading.Event()

    def run(self, images: Iterable[Image]) -> End:
        """Work until everything is done or a stop is requested. Raises Unavailable when the store stays away."""
        if self._ledger.is_complete:
            return End.DONE
        earlier = self._ledger.begin()
        left = [image for image in images if image.index not in earlier.done]
        log.info("%d images to do, %d done before", len(left), len(earlier.done))
        if earlier.died:
            log.warning("an earlier attempt died: one image at a time")
            self._work(careful_turns(left, earlier, self._ledger), 1)
        else:
            self._work(Turns(left), self._threads)
        if self._failure is not None:
            self._keep_what_is_done(self._failure)
            raise self._failure
        if self._stop.is_set():
            self._ledger.flush(stopped=True)
            return End.STOPPED
        self._ledger.finish()
        return End.DONE

    def request_stop(self) -> None:
        """Take no further image, drop those being fetched, give those past it a moment. Anyone may call it any time."""
        with self._lock:
            self._stop.set()
            grace_seconds = STOP_GRACE_SECONDS if self._finishing else 0.0
        timer = threading.Timer(grace_seconds, self._end)
        timer.daemon = True
        timer.start()

    def _keep_what_is_done(self, failure: Exception) -> None:
        """Write what ended; an outage is told from a death, since no image is to blame for it."""
        if not isinstance(failure, Unavailable):
            self._ledger.flush()
        elif failure.dependency != "store":  # which was waited for long enough
            self._ledger.flush(stopped=True)

    def _work(self, turns: Turns | CarefulTurns, at_once: int) -> None:
        threads = [
            threading.Thread(target=self._take_turns, args=(turns,), name=f"image-{n}", daemon=True)
            for n in range(min(at_once, len(turns)))
        ]
        self._running = len(threads)
        for thread in threads:
            thread.start()
        if threads:
            self._flusher.run_until(self._over)

    def _take_turns(self, turns: Turns | CarefulTurns) -> None:
        try:
            while not self._stop.is_set() and self._failure is None:
                with turns.next() as image:
                    if image is None:
                        return
                    download = self._steps.fetch(image)
                with self._kept() as kept:
                    if kept:
                        self._flusher.add(self._steps.finish(download))
                del download  # its bytes would be there while the next ones come
        except Exception as error:  # noqa: BLE001 - handed to `run`, which raises it
            self._failure = self._failure or error
        finally:
            with self._lock:
                self._running -= 1
                last = self._running == 0
            if last or self._failure is not None:
                self._end()

    @contextmanager
    def _kept(self) -> Iterator[bool]:
        """Have a stop wait for the block; False if one was requested before: what was fetched is dropped then."""
        with self._lock:
            kept = not self._stop.is_set()
            self._finishing += kept
        try:
            yield kept
        finally:
            with self._lock:
                self._finishing -= kept
                last = self._stop.is_set() and not self._finishing
            if last:
                self._end()

    def _end(self) -> None:
        self._over.set()
        self._flusher.wake()
