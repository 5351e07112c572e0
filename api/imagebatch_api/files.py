"""An object of the store as an HTTP answer: conditional, ranged, streamed. Used by the results routes."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from imagebatch.model.errors import NotFound
from imagebatch_api.problems import Problem
from imagebatch_api.ranges import Selection, select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from imagebatch.ports import BlobInfo, BlobStore

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
}
_SHOWN = "image/"  # anything else is offered as a file


class _BlobResponse(StreamingResponse):
    """Streams chunks, and gives the store's connection back at once when the client goes away."""

    def __init__(self, chunks: Iterator[bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(chunks, status, headers)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the chunks."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self._chunks, Generator):
                with anyio.CancelScope(shield=True):
                    await run_in_threadpool(self._chunks.close)


def serve(request: Request, store: BlobStore, key: str) -> Response:
    """Return the answer to GET or HEAD of an object; blocks until the store has opened it. Raises NotFound."""
    info = store.head(key)
    if info is None:
        raise NotFound("There is no such file.")
    headers = _headers(info)
    selection = select(request.method, request.headers, headers["ETag"], info.size)
    if selection.status in (200, 206):
        return _bytes(request.method, store, info, selection, headers)
    return _no_bytes(selection.status, info, headers)


def _bytes(method: str, store: BlobStore, info: BlobInfo, selection: Selection, headers: dict[str, str]) -> Response:
    headers["Content-Length"] = str(selection.length)
    if selection.status == 206:
        last = selection.offset + selection.length - 1
        headers["Content-Range"] = f"bytes {selection.offset}-{last}/{info.size}"
    if method == "HEAD":
        return Response(None, selection.status, headers)
    blob = store.open(info.key, selection.offset, selection.length)
    return _BlobResponse(blob.chunks, selection.status, headers)


def _no_bytes(status: int, info: BlobInfo, headers: dict[str, str]) -> Response:
    if status == 304:
        kept = {name: headers[name] for name in ("ETag", "Cache-Control")}
        return Response(None, status, kept)
    if status == 412:
        return Problem(412, "precondition_failed", "The file's ETag is none of those in If-Match.")
    size = {"Content-Range": f"bytes */{info.size}"}
    return Problem(416, "range_not_satisfiable", f"The file has {info.size:,} bytes.", headers=size)


def _headers(info: BlobInfo) -> dict[str, str]:
    name = info.key.rpartition("/")[2]
    content_type = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    disposition = "inline" if content_type.startswith(_SHOWN) else "attachment"
    return {
        "Content-Type": content_type,
        "Content-Disposition": f'{disposition}; filename="{name}"',
        "ETag": f'"{info.etag}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # kept by browsers, asked again by ETag: a deleted file is gone
        "X-Content-Type-Options": "nosniff",
    }
