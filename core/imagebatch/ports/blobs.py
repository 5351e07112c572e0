"""The object store, as the rooms need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """An object without its bytes. `etag` is strong and unquoted. `modified_at`, aware, UTC, is set by `list`."""

    key: str
    size: int
    etag: str
    content_type: str = "application/octet-stream"
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """An object being read: `chunks` yields the asked range once and closes the connection at its end."""

    info: BlobInfo
    chunks: Iterator[bytes]


class BlobStore(Protocol):
    """An object store with one bucket. Keys are relative to the installation's prefix."""

    def put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        """Write an object whole; it is visible only when it is complete."""

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Write a file as an object, in parts when it is large."""

    def get(self, key: str) -> bytes:
        """Return an object's bytes. Raises NotFound."""

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`. Raises NotFound."""

    def open(self, key: str, offset: int = 0, length: int | None = None) -> Blob:
        """Open an object, or a range of it, for streaming. Raises NotFound."""

    def head(self, key: str) -> BlobInfo | None:
        """Return what an object is, None when there is none."""

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """Yield the objects whose key starts with `prefix`, in order of key."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield each prefix up to the slash next after `prefix`; an empty folder perhaps too, until it is deleted."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there count as deleted."""

    def check(self) -> None:
        """Raise Unavailable unless the bucket can be reached with our credentials."""
