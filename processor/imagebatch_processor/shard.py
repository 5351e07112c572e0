"""The shard's loop: threads that each take an image through the pipeline, and the ledger that remembers.

There are more threads than encoders, so that downloads and uploads go on while the cores encode.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from imagebatch.model.errors import Unavailable
from imagebatch_processor.pipeline import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imagebatch.model.plan import Image
    from imagebatch.model.results import Outcome
    from imagebatch_processor.ledger import Flusher, Ledger

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 10.0  # for what is being encoded or uploaded when SIGTERM comes


class End(Enum):
    """How a shard's run ended."""

    DONE = "done"
    STOPPED = "stopped"


class Shard:
    """One run over the images that no earlier attempt finished. `stop` may be set by anyone at any time."""

    def __init__(self, ledger: Ledger, flusher: Flusher, process: Callable[[Image], Outcome], *, threads: int) -> None:
        self.stop = threading.Event()
        self._ledger = ledger
        self._flusher = flusher
        self._process = process
        self._threads = threads
        self._waiting: deque[Image] = deque()
        self._running = 0
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()

    def run(self, images: Iterable[Image]) -> End:
        """Work until everything is done or `stop` is set. Raises Unavailable when the store stays away."""
        if self._ledger.is_complete:
            return End.DONE
        done = self._ledger.begin()
        self._waiting.extend(image for image in images if image.index not in done)
        log.info("%d images to do, %d done before", len(self._waiting), len(done))
        self._work()
        if self._failure is not None:
            self._keep_what_is_done(self._failure)
            raise self._failure
        if self.stop.is_set():
            self._ledger.flush(stopped=True)
            return End.STOPPED
        self._ledger.finish()
        return End.DONE

    def request_stop(self) -> None:
        """Take no further image, and give those being encoded or uploaded a moment to end."""
        self.stop.set()
        timer = threading.Timer(STOP_GRACE_SECONDS, self._end)
        timer.daemon = True
        timer.start()

    def _keep_what_is_done(self, failure: Exception) -> None:
        if not isinstance(failure, Unavailable):  # the store was waited for long enough
            self._ledger.flush()

    def _work(self) -> None:
        threads = [
            threading.Thread(target=self._take_turns, name=f"image-{n}", daemon=True)
            for n in range(min(self._threads, len(self._waiting)))
        ]
        self._running = len(threads)
        for thread in threads:
            thread.start()
        if threads:
            self._flusher.run_until(self._over)

    def _take_turns(self) -> None:
        try:
            while not self.stop.is_set() and self._failure is None:
                try:
                    image = self._waiting.popleft()
                except IndexError:
                    return
                self._flusher.add(self._process(image))
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - handed to `run`, which raises it
            self._failure = self._failure or error
        finally:
            with self._lock:
                self._running -= 1
                last = self._running == 0
            if last or self._failure is not None:
                self._end()

    def _end(self) -> None:
        self._over.set()
        self._flusher.wake()
