"""Ctrl-C and SIGTERM for commands that run servers: the first one stops in order, the second one at once."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from imagebatch_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread at the first signal; at the next one, end this process.

    What it started ends with it then: the kernel tells every child.
    """
    before = {number: signal.signal(number, _first) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first(*_: object) -> NoReturn:
    for number in SIGNALS:
        signal.signal(number, _second)
    raise KeyboardInterrupt


def _second(*_: object) -> NoReturn:
    os.write(2, b"killed\n")
    os._exit(ExitCode.INTERRUPTED)
