"""Messages between the pool and its children: a JSON part and a part of bytes, each with its length before it.

JSON and not pickle: a decoder that a picture has taken over must not be able to run code in the parent.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

_LENGTHS = struct.Struct("!II")
_MAX_JSON_BYTES = 64 * 1024


class ChannelBrokenError(Exception):
    """The other side is gone, or what it says is no message."""


class Channel:
    """One end of a socket pair. Deadlines are readings of `time.monotonic`; None waits for ever."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, fields: dict[str, Any], body: bytes = b"", deadline: float | None = None) -> None:
        """Send one message. Raises TimeoutError at the deadline, ChannelBrokenError if nobody reads."""
        text = json.dumps(fields).encode()
        try:
            self._wait_until(deadline)
            self._connection.sendall(_LENGTHS.pack(len(text), len(body)) + text)
            if body:
                self._wait_until(deadline)
                self._connection.sendall(body)
        except ConnectionError as error:
            raise ChannelBrokenError from error

    def receive(self, max_body_bytes: int, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """Return the next message. Raises TimeoutError, ChannelBrokenError at the end or on a bad message."""
        text_bytes, body_bytes = _LENGTHS.unpack(self._exactly(_LENGTHS.size, deadline))
        if text_bytes > _MAX_JSON_BYTES or body_bytes > max_body_bytes:
            raise ChannelBrokenError
        try:
            fields = json.loads(self._exactly(text_bytes, deadline))
        except (ValueError, RecursionError) as error:
            raise ChannelBrokenError from error
        if not isinstance(fields, dict):
            raise ChannelBrokenError
        return fields, self._exactly(body_bytes, deadline)

    def close(self) -> None:
        """Close this end; the other side sees the end of the stream."""
        self._connection.close()

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        """Read `size` bytes, in one call where there is no deadline."""
        parts = []
        while size:
            self._wait_until(deadline)
            try:
                part = self._connection.recv(size, socket.MSG_WAITALL)
            except ConnectionError as error:
                raise ChannelBrokenError from error
            if not part:
                raise ChannelBrokenError
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _wait_until(self, deadline: float | None) -> None:
        if deadline is None:
            if self._connection.gettimeout() is not None:  # a confined child may not even set what is set
                self._connection.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
