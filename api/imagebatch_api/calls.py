"""Blocking calls of a dependency in threads of their own, bounded in number and in time. Held by the container.

A database that hangs keeps these threads and no others: results, uploads and health go on.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from imagebatch.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class BoundedCalls:
    """Calls of one `dependency`: at most `threads` at once, each answered within `seconds`, its wait included."""

    def __init__(self, dependency: str, threads: int, seconds: float) -> None:
        self._dependency = dependency
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(threads, f"{dependency} call")

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
        message = f"the {self._dependency} gave no answer in {self._seconds:g} seconds"
        raise Unavailable(message, dependency=self._dependency)
