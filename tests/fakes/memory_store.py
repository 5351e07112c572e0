"""A `BlobStore` in memory, held to the same contract suite as the S3 one."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import TYPE_CHECKING

from imagebatch.clock import SystemClock
from imagebatch.model.errors import NotFound, Unavailable
from imagebatch.ports import Blob, BlobInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from imagebatch.ports import Clock

CHUNK_BYTES = 64 * 1024


class MemoryBlobStore:
    """Objects in a dictionary. While `outage` is set every call raises it; `calls` lists (method, key) in order."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.outage: Unavailable | None = None
        self.calls: list[tuple[str, str]] = []
        self._clock = clock or SystemClock()
        self._objects: dict[str, tuple[bytes, str, datetime]] = {}
        self._lock = Lock()

    def put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        self._called("put", key)
        with self._lock:
            self._objects[key] = (bytes(data), content_type, self._clock.now())

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        self.put(key, path.read_bytes(), content_type)

    def get(self, key: str) -> bytes:
        self._called("get", key)
        return self._find(key)[0]

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        self._called("get_range", key)
        return self._find(key)[0][offset : offset + length]

    def open(self, key: str, offset: int = 0, length: int | None = None) -> Blob:
        self._called("open", key)
        data = self._find(key)[0]
        asked = data[offset:] if length is None else data[offset : offset + length]
        return Blob(self._info(key), (asked[at : at + CHUNK_BYTES] for at in range(0, len(asked), CHUNK_BYTES)))

    def head(self, key: str) -> BlobInfo | None:
        self._called("head", key)
        return self._info(key) if key in self._objects else None

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        self._called("list", prefix)
        with self._lock:
            found = sorted(key for key in self._objects if key.startswith(prefix))
        yield from map(self._info, found)

    def folders(self, prefix: str) -> Iterator[str]:
        self._called("folders", prefix)
        with self._lock:
            rests = [key.removeprefix(prefix) for key in self._objects if key.startswith(prefix)]
        yield from sorted({prefix + rest[: rest.index("/") + 1] for rest in rests if "/" in rest})

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._called("delete", key)
            with self._lock:
                self._objects.pop(key, None)

    def check(self) -> None:
        self._called("check", "")

    def _called(self, method: str, key: str) -> None:
        if self.outage is not None:
            raise self.outage
        self.calls.append((method, key))

    def _find(self, key: str) -> tuple[bytes, str, datetime]:
        if key not in self._objects:
            raise NotFound(f"there is no object {key!r}")
        return self._objects[key]

    def _info(self, key: str) -> BlobInfo:
        data, content_type, modified_at = self._find(key)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return BlobInfo(key, len(data), etag, content_type, modified_at)
