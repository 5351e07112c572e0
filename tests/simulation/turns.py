"""A shard's run on one thread, so that a sequence of events that broke something breaks it again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from imagebatch_processor.ledger import Flusher, Ledger
from imagebatch_processor.shard import End, Shard

if TYPE_CHECKING:
    from imagebatch.model.plan import Image
    from imagebatch.model.results import Outcome


class OneThread:
    """Holds one run of a shard. `meanwhile` happens once, while the first image is being fetched."""

    def __init__(self, happens: Callable[[], None] | None, flush_images: int) -> None:
        self.shard: Shard | None = None
        self._happens = happens
        self._flush_images = flush_images
        self._happening = threading.Lock()
        self._asked_to_stop = False

    def flusher(self, ledger: Ledger) -> Flusher:
        """Return a flusher for the shard."""
        return cast("Flusher", _Flusher(ledger, self._flush_images, self._happening))

    def run(self, images: Iterable[Image]) -> End:
        """Run the shard."""
        assert self.shard is not None
        if self._asked_to_stop:
            self.shard.request_stop()
        return self.shard.run(images)

    def request_stop(self) -> None:
        """Ask the shard to stop, now or as soon as it is there."""
        self._asked_to_stop = True
        if self.shard is not None:
            self.shard.request_stop()

    def meanwhile(self) -> None:
        """Let happen what is to happen."""
        happens, self._happens = self._happens, None
        if happens is not None:
            with self._happening:
                happens()


class _Flusher:
    """Flushes in the thread that adds, every so many images; a run is over when nothing happens any more."""

    def __init__(self, ledger: Ledger, images: int, happening: threading.Lock) -> None:
        self._ledger = ledger
        self._images = images
        self._happening = happening

    def add(self, outcome: Outcome) -> None:
        if self._ledger.add(outcome) >= self._images:
            self._ledger.flush()

    def wake(self) -> None:
        pass

    def run_until(self, over: threading.Event) -> None:
        over.wait()
        with self._happening:
            pass
