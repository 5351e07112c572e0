"""Which image is fetched next: hosts share the threads, so that a slow one holds up no other. Used by the shard."""

from __future__ import annotations

import threading
from collections import Counter, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagebatch.model.plan import Image


class Turns:
    """Images waiting, each taken once. Thread-safe."""

    def __init__(self, images: Iterable[Image]) -> None:
        self._waiting: dict[str, deque[Image]] = {}
        for image in images:
            self._waiting.setdefault(host(image.url), deque()).append(image)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many images wait."""
        return sum(map(len, self._waiting.values()))

    @contextmanager
    def next(self) -> Iterator[Image | None]:
        """Take the next image of the host with the fewest under way, which it is for the block; None if none waits."""
        with self._lock:
            chosen = min(self._waiting, key=self._under_way.__getitem__, default=None)
            image = None if chosen is None else self._take(chosen)
        try:
            yield image
        finally:
            if chosen is not None:
                with self._lock:
                    self._under_way[chosen] -= 1

    def _take(self, chosen: str) -> Image:
        image = self._waiting[chosen].popleft()
        if not self._waiting[chosen]:
            del self._waiting[chosen]
        self._under_way[chosen] += 1
        return image


def host(url: str) -> str:
    """Return host and port as they are written in a URL."""
    return url.partition("://")[2].partition("/")[0].lower()
