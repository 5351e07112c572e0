"""What puts ids on the work queue: every unfinished batch now and then, and those that word came of at once.

The sweep alone carries the system if every notification is lost. Each function is a thread's body, started by main.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from imagebatch.model.errors import Unavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from imagebatch.ports import Batches

LISTEN_SECONDS = 1.0  # how long a stop may have to wait
BROKEN_SECONDS = 1.0

log = logging.getLogger(__name__)


def sweep_until(stop: threading.Event, batches: Batches, add: Callable[[str], None], *, sweep_seconds: float) -> None:
    """Put every unfinished batch on the queue, at once and every `sweep_seconds`."""
    while True:
        try:
            for request_id in batches.unfinished():
                add(request_id)
        except Unavailable as error:
            log.warning("no sweep: %s", error)
        if stop.wait(sweep_seconds):
            return


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
