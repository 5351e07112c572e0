"""What puts ids on the work queue: every unfinished batch now and then, and those that word came of at once.

The sweep alone carries the system if every notification is lost. Each function is a thread's body, started by main.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from imagebatch.model.errors import NotFound, Unavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from imagebatch.metrics import Metrics
    from imagebatch.ports import Batches

LISTEN_SECONDS = 1.0  # how long a stop may have to wait
BROKEN_SECONDS = 1.0

log = logging.getLogger(__name__)


def sweep_until(
    stop: threading.Event,
    batches: Batches,
    add: Callable[[str], None],
    *,
    sweep_seconds: float,
    note: Callable[[list[str]], None] = lambda _: None,
    noticed: Callable[[], Iterable[str]] = tuple,
) -> None:
    """Put every unfinished batch on the queue, at once and every `sweep_seconds`; `note` gets all of them.

    What is `noticed` elsewhere, such as in the cluster, is put on it too.
    """
    while True:
        try:
            found = batches.unfinished()
            _add_all(add, found)
            note(found)
            _add_all(add, noticed())
        except Unavailable as error:
            log.warning("no sweep: %s", error)
        if stop.wait(sweep_seconds):
            return


def _add_all(add: Callable[[str], None], request_ids: Iterable[str]) -> None:
    for request_id in request_ids:
        add(request_id)


def note_unfinished(request_ids: list[str], batches: Batches, metrics: Metrics, now: datetime) -> None:
    """Count unfinished batches, given oldest first, and the age of the first one."""
    age_seconds = 0.0
    if request_ids:
        with suppress(NotFound):  # it was removed meanwhile
            age_seconds = (now - batches.get(request_ids[0]).created_at).total_seconds()
    metrics.unfinished_batches.set(len(request_ids))
    metrics.oldest_batch_seconds.set(max(0.0, age_seconds))


def listen_until(stop: threading.Event, batches: Batches, wake: Callable[[str], None]) -> None:
    """Pass every id on that word comes of.

    Whenever listening begins, every unfinished batch is passed on too: of what was said before, no word is left.
    """
    deaf = True
    while not stop.is_set():
        try:
            said = batches.wake_ups(0.0 if deaf else LISTEN_SECONDS)
            for request_id in [*said, *(batches.unfinished() if deaf else ())]:
                wake(request_id)
            deaf = False
        except Unavailable as error:
            log.warning("no notifications, the sweep goes on: %s", error)
            deaf = True
            stop.wait(BROKEN_SECONDS)
