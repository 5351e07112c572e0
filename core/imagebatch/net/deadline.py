"""How much time a request has left. Used by the guarded HTTP client, one object a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected

if TYPE_CHECKING:
    from imagebatch.ports import Clock


class Deadline:
    """A moment on a monotonic clock by which everything must be over."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.now = clock.monotonic
        self._seconds = seconds
        self._ends_at = clock.monotonic() + seconds

    def left_seconds(self) -> float:
        """Return the time left, over 0; raise `ImageRejected("timeout")` if there is none."""
        left = self._ends_at - self.now()
        if left <= 0:
            raise ImageRejected("timeout", f"Not finished within {self._seconds:g} seconds.")
        return left

    def allows(self, pause_seconds: float) -> bool:
        """Say whether there is time left after a pause."""
        return self.now() + pause_seconds < self._ends_at

    def extend(self, seconds: float) -> None:
        """Do not count a wait that was not the server's doing."""
        self._ends_at += seconds
