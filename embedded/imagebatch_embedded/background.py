"""An installation that runs while its program does something else. Used by `imagebatch dev` and `imagebatch demo`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from imagebatch_embedded.supervisor import Installation, Supervisor


@dataclass(frozen=True, slots=True)
class Running:
    """A started installation; its parts are watched until the end of `running`."""

    installation: Installation
    _watching: Future[None]

    def wait(self) -> None:
        """Wait for ever. Raises what ended the watching."""
        self._watching.result()


@contextmanager
def running(supervisor: Supervisor) -> Iterator[Running]:
    """Start, watch and at the end stop everything, in a thread of its own. Raises Misconfigured.

    Children end with the thread that started them, so it lives as long as they do; and a signal's exception, which
    the main thread gets, never cuts the supervisor's work in two; a start that is under way ends at its next step.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1, "supervisor") as thread:
        try:
            installation = thread.submit(supervisor.start, stop).result()
            yield Running(installation, thread.submit(supervisor.watch, stop))
        finally:
            stop.set()
            thread.submit(supervisor.stop).result()
