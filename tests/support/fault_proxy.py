"""TCP proxies on 127.0.0.1 that do to connections what bad networks and bad servers do.

The words are Toxiproxy's where it has one: latency, bandwidth, timeout (here silent), limit_data, down (here gone).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 65_536
SHORTEST_UPLOAD_BYTES = 64  # a shorter body has no middle worth cutting
S3_CODES = {403: "AccessDenied", 500: "InternalError", 503: "SlowDown"}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Toxics:
    """What is wrong; by default nothing. The second group is for HTTP only and spares all but every `every`th request.

    `silent` holds everything back until it is over; `gone` refuses connections and resets the open ones;
    `limit_bytes` resets a connection that has carried so many. `cut_uploads` passes half of a body on, then resets.
    """

    latency_seconds: float = 0.0
    bytes_per_second: float = math.inf
    silent: bool = False
    gone: bool = False
    limit_bytes: float = math.inf

    status: int | None = None
    cut_uploads: bool = False
    every: int = 1


HEALTHY = Toxics()


class FaultProxy:
    """Passes connections on to `target_port` of the loopback, as the toxics allow. A context manager."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.connections = 0
        self._target_port = target_port
        self._toxics = HEALTHY
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._listening: asyncio.Server | None = None
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def inflict(self, toxics: Toxics) -> None:
        """Have these toxics and no others from now on, for open connections too."""
        self._do(self._inflict(toxics))

    def heal(self) -> None:
        """Pass everything on again."""
        self.inflict(HEALTHY)

    def _do(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _inflict(self, toxics: Toxics) -> None:
        self._toxics = toxics
        self._changed.set()
        self._changed = asyncio.Event()
        if toxics.gone:
            await self._hang_up()
        elif self._listening is None:
            await self._listen()

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def _hang_up(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for link in list(self._links):
            link.reset()

    async def _end(self) -> None:
        await self._hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        near = _End(reader, writer)
        try:
            far = _End(*await asyncio.open_connection(LOOPBACK, self._target_port))
        except OSError:
            near.reset()
            return
        link = _Link(near, far)
        self._links.add(link)
        pumps = [asyncio.ensure_future(self._upstream(link)), asyncio.ensure_future(self._downstream(link))]
        try:
            # When one side is done and the other does not follow, nothing is left to carry.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            link.close()
            self._links.discard(link)

    async def _upstream(self, link: _Link) -> None:
        await self._pump(link, link.near, link.far)

    async def _downstream(self, link: _Link) -> None:
        await self._pump(link, link.far, link.near)

    async def _pump(self, link: _Link, source: _End, target: _End) -> None:
        with contextlib.suppress(OSError):
            while data := await source.reader.read(PIECE_BYTES):
                await self._pass(link, target, data)

    async def _pass(self, link: _Link, target: _End, data: bytes) -> None:
        """Write `data` to `target` as the toxics allow. Raises OSError when they end the connection."""
        while self._toxics.silent:
            await self._changed.wait()
        toxics = self._toxics
        await asyncio.sleep(toxics.latency_seconds + len(data) / toxics.bytes_per_second)
        left = toxics.limit_bytes - link.carried
        link.carried += len(data)
        target.writer.write(data if len(data) <= left else data[: int(max(0, left))])
        await target.writer.drain()
        if len(data) > left:
            link.reset()
            raise ConnectionResetError


class HttpFaultProxy(FaultProxy):
    """Knows requests: answers them itself with an error, or cuts uploads in their middle. `requests` counts them."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self.requests = 0
        self.spoiled = 0
        self._awaited: tuple[bytes, Callable[[], None]] | None = None

    def when_asked_for(self, target: str, act: Callable[[], None]) -> None:
        """Call `act` once, before the next request is passed on that has `target` in its first line."""
        self._awaited = (target.encode(), act)

    async def _upstream(self, link: _Link) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await self._request(link, await link.near.reader.readuntil(b"\r\n\r\n"))

    async def _request(self, link: _Link, head: bytes) -> None:
        length = _content_length(head)
        self.requests += 1
        if self._awaited is not None and self._awaited[0] in head.partition(b"\r\n")[0]:
            (_, act), self._awaited = self._awaited, None
            await self._loop.run_in_executor(None, act)
        toxics = self._toxics
        hit = self.requests % toxics.every == 0
        if hit and toxics.status is not None:
            self.spoiled += 1
            await link.near.reader.readexactly(length)
            await self._pass(link, link.near, _error(toxics.status, head))
        elif hit and toxics.cut_uploads and length >= SHORTEST_UPLOAD_BYTES:
            self.spoiled += 1
            await self._pass(link, link.far, head + await link.near.reader.readexactly(length // 2))
            link.reset()
            raise ConnectionResetError
        else:
            await self._pass(link, link.far, head)
            await self._body(link, length)

    async def _body(self, link: _Link, length: int) -> None:
        while length:
            data = await link.near.reader.read(min(length, PIECE_BYTES))
            if not data:
                raise ConnectionResetError
            await self._pass(link, link.far, data)
            length -= len(data)


@dataclass(frozen=True, eq=False)
class _End:
    """One side of a connection that is passed on."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def reset(self) -> None:
        """Close with a RST, as a host does that knows nothing of the connection."""
        raw = self.writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


@dataclass(eq=False)
class _Link:
    """A connection from a client through the proxy. `carried` counts bytes of both directions."""

    near: _End
    far: _End
    carried: int = 0

    def reset(self) -> None:
        self.near.reset()
        self.far.reset()

    def close(self) -> None:
        self.near.close()
        self.far.close()


def _content_length(head: bytes) -> int:
    found = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


def _error(status: int, head: bytes) -> bytes:
    """Return an S3 service's answer of an error status; one to HEAD has no body."""
    body = f"<?xml version='1.0'?><Error><Code>{S3_CODES[status]}</Code><Message>no</Message></Error>".encode()
    if head.startswith(b"HEAD "):
        body = b""
    first = f"HTTP/1.1 {status} Error\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return first.encode() + body
