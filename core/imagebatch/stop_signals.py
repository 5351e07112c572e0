"""Turns signals that ask a program to stop into an event that its threads can wait for."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def stop_event(signals: Iterable[signal.Signals]) -> threading.Event:
    """Return an event that is set once the process got one of the signals. The main thread calls this, once.

    Setting it in the handler would hang when the signal interrupts a wait for the event, or another handler: both
    hold its lock then. When a parent dies the kernel may well send several. `SimpleQueue.put` is reentrant:
    https://docs.python.org/3/library/queue.html#simplequeue-objects
    """
    asked: SimpleQueue[int] = SimpleQueue()
    stop = threading.Event()

    def pass_on() -> None:
        asked.get()
        stop.set()

    threading.Thread(target=pass_on, name="stop-signals", daemon=True).start()
    for number in signals:
        signal.signal(number, lambda received, _: asked.put(received))
    return stop
