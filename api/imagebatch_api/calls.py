"""Blocking work in threads of its own: short calls bounded in time, and uploads in turn. Held by the container.

A database that hangs keeps the threads of its calls and no others: results and health go on.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from imagebatch.model.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

log = logging.getLogger(__name__)


class BoundedCalls:
    """Calls of one `dependency`: at most `threads` at once, each answered within `seconds`, its wait included."""

    def __init__(self, dependency: str, threads: int, seconds: float) -> None:
        self.dependency = dependency
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(threads, f"{dependency} call")
        self._begun: set[asyncio.Task[None]] = set()  # an event loop holds its tasks but weakly

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises Unavailable after the time; a thread that hangs is left to itself."""
        loop, context = asyncio.get_running_loop(), copy_context()
        answer = loop.run_in_executor(self._threads, lambda: context.run(work))
        try:
            done, _ = await asyncio.wait([answer], timeout=self._seconds)
            if done:
                return answer.result()
        finally:
            answer.cancel()
        message = f"the {self.dependency} gave no answer in {self._seconds:g} seconds"
        raise Unavailable(message, dependency=self.dependency)

    def begin(self, work: Callable[[], object], trouble: str) -> None:
        """Have work done that nobody waits for, in the same bounds; if it fails, `trouble` and why are logged."""
        task = asyncio.get_running_loop().create_task(self._run_alone(work, trouble))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _run_alone(self, work: Callable[[], object], trouble: str) -> None:
        try:
            await self.run(work)
        except Unavailable as error:
            log.warning("%s: %s", trouble, error)
        except Exception:
            log.exception(trouble)


class Turns:
    """Work that takes much memory: `threads` at once, the rest waits, without a limit of time.

    Always in the same threads, because the C library keeps for each thread what was once allocated in it.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "turn")

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, when its turn has come."""
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(_lightly, work))


def _lightly(work: Callable[[], T]) -> T:
    """Return what `work` returns. A refusal lets go of the file, which its traces would hold as long as it lives."""
    try:
        return work()
    except InvalidRequest as error:
        error.__cause__ = error.__context__ = None
        raise error.with_traceback(None) from None
