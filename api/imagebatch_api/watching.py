"""Watched requests: each is looked at once a second, however many watch it. Held by the container, used by events.

Only the newest state is kept, so a client that reads slowly misses states and costs no memory.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagebatch.model.batch import Status
from imagebatch.model.errors import ImageBatchError, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from imagebatch.model.batch import Batch

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STREAMS_AT_ONCE = 200

_ORDER = list(Status)


class TooManyStreams(ImageBatchError):
    """As many clients watch as may at once."""

    code = "too_many_streams"


@dataclass(slots=True)
class _Topic:
    """One watched request. `news` is set and replaced when `latest` was read anew or `over` became true."""

    latest: Batch
    watchers: int = 0
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    looking: asyncio.Task[None] | None = None

    def tell(self) -> None:
        told, self.news = self.news, asyncio.Event()
        told.set()


class StatusWatch:
    """What watched requests look like. `read` returns a batch by its id; for one event loop."""

    def __init__(self, read: Callable[[str], Awaitable[Batch]], look_seconds: float = LOOK_SECONDS) -> None:
        self._read = read
        self._look_seconds = look_seconds
        self._topics: dict[str, _Topic] = {}
        self._streams = 0
        self._ended = False

    @contextmanager
    def watching(self, batch: Batch) -> Iterator[AsyncGenerator[Batch, None]]:
        """Hold one of the STREAMS_AT_ONCE places and return the batch followed by what becomes of it.

        It ends with a final status, and when the request is gone or `end` is called. Neither status nor counts go
        back. While the database does not answer nothing comes. Raises TooManyStreams.
        """
        if self._streams >= STREAMS_AT_ONCE or self._ended:
            raise TooManyStreams(f"{STREAMS_AT_ONCE} clients are watching already; ask /status instead.")
        self._streams += 1
        topic = self._join(batch)
        try:
            yield _changes(batch, topic)
        finally:
            self._streams -= 1
            self._leave(topic)

    def end(self) -> None:
        """End every stream, now and from now on: the service stops."""
        self._ended = True
        for topic in self._topics.values():
            topic.over = True
            topic.tell()

    def _join(self, batch: Batch) -> _Topic:
        topic = self._topics.get(batch.request_id)
        if topic is None:
            topic = self._topics[batch.request_id] = _Topic(batch)
            topic.looking = asyncio.create_task(self._look(batch.request_id, topic))
        elif _is_news(topic.latest, batch):
            topic.latest = batch  # what the new watcher found is newer than the last look
            topic.tell()
        topic.watchers += 1
        return topic

    def _leave(self, topic: _Topic) -> None:
        topic.watchers -= 1
        if not topic.watchers and topic.looking is not None:
            topic.looking.cancel()
            del self._topics[topic.latest.request_id]

    async def _look(self, request_id: str, topic: _Topic) -> None:
        try:
            while not topic.over and not topic.latest.status.is_final:
                await asyncio.sleep(self._look_seconds)
                with suppress(Unavailable):  # an outage is waited out
                    before, found = topic.latest, await self._read(request_id)
                    if topic.latest is before:  # else a new watcher has brought what may be newer
                        topic.latest = found
                        topic.tell()
        except NotFound:
            log.info("a request that was watched is gone")
        finally:
            topic.over = True
            topic.tell()


async def _changes(batch: Batch, topic: _Topic) -> AsyncGenerator[Batch, None]:
    yield batch
    while not batch.status.is_final:
        news = topic.news
        if _is_news(batch, topic.latest):
            batch = topic.latest
            yield batch
        elif topic.over:
            return
        else:
            await news.wait()


def _is_news(shown: Batch, found: Batch) -> bool:
    """Tell whether a state is another and not behind; reads that cross may come in the wrong order."""
    same = (found.verdict, found.progress, found.has_result) == (shown.verdict, shown.progress, shown.has_result)
    behind = _ORDER.index(found.status) < _ORDER.index(shown.status) or (
        not found.status.is_final and found.progress.counts.done < shown.progress.counts.done
    )
    return not same and not behind
