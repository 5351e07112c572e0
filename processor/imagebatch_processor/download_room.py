"""Memory for what is being downloaded: bounded in bytes, so that slow sources can be asked for many images at once.

Hardly any image is as large as allowed, and none is known to be small before it came. So a body takes its memory as
it grows; when that runs out, it is given up and asked for again once the largest body has room.
"""

from __future__ import annotations

import io
from threading import Condition


class NoRoom(Exception):
    """The bodies under way take all the memory that there is for them."""


class DownloadRoom:
    """So many bytes for bodies under way, at least one of the largest. Thread-safe.

    Once they ran out, every body has room for the largest before it is asked for: nothing is fetched twice again.
    """

    def __init__(self, total_bytes: int, largest_bytes: int) -> None:
        self._free_bytes = max(total_bytes, largest_bytes)
        self._largest_bytes = largest_bytes
        self._ran_out = False
        self._freed = Condition()

    def body(self) -> Body:
        """Return an empty body. Waits for room if there was none once."""
        return Body(self, self._wait_for_the_largest() if self._ran_out else 0)

    def take(self, size_bytes: int) -> None:
        """Take bytes that are free. Raises NoRoom."""
        with self._freed:
            if size_bytes > self._free_bytes:
                self._ran_out = True
                raise NoRoom
            self._free_bytes -= size_bytes

    def give_back(self, size_bytes: int) -> None:
        """Let others have bytes that were taken."""
        with self._freed:
            self._free_bytes += size_bytes
            self._freed.notify_all()

    def _wait_for_the_largest(self) -> int:
        with self._freed:
            self._freed.wait_for(lambda: self._free_bytes >= self._largest_bytes)
            self._free_bytes -= self._largest_bytes
        return self._largest_bytes


class Body:
    """The bytes of an answer as they come: what the HTTP client writes to. For one thread."""

    def __init__(self, room: DownloadRoom, held_bytes: int) -> None:
        self._room = room
        self._held_bytes = held_bytes
        self._file = io.BytesIO()

    def write(self, data: bytes, /) -> None:
        """Take the next bytes. Raises NoRoom."""
        missing = self._file.tell() + len(data) - self._held_bytes
        if missing > 0:
            self._room.take(missing)
            self._held_bytes += missing
        self._file.write(data)

    def whole(self) -> bytes:
        """Return all bytes, which keep their room until `close`; what more was held is free."""
        data = self._file.getvalue()
        self._file.close()
        self._room.give_back(self._held_bytes - len(data))
        self._held_bytes = len(data)
        return data

    def close(self) -> None:
        """Give the room back, and what came if it is not whole. Nothing happens the second time."""
        self._file.close()
        self._room.give_back(self._held_bytes)
        self._held_bytes = 0
