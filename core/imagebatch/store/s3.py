"""BlobStore over any S3 by the minio SDK. Every room that touches objects holds one.

Of S3 only Put, multipart, Get (with range), Head, Delete and List v2 are used, so that any server will do.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import urllib3

from imagebatch.clock import SystemClock
from imagebatch.model.errors import Misconfigured, NotFound, Unavailable
from imagebatch.ports import Blob, BlobInfo
from imagebatch.store.patience import Patience
from imagebatch.store.sdk import InvalidResponseError, Minio, MinioException, S3Error, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from minio.datatypes import Object
    from urllib3.response import BaseHTTPResponse

    from imagebatch.ports import Clock
    from imagebatch.settings import StoreSettings

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 30.0
CHUNK_BYTES = 64 * 1024
_GONE = ("NoSuchKey", "NoSuchObject", "ResourceNotFound")


class S3BlobStore:
    """Objects of one installation: keys are relative to its prefix in its bucket.

    While the store is unavailable a call is tried again for `patience_seconds`. Safe for many threads;
    `connections` is how many of them can be talking at once without opening new connections.
    """

    def __init__(
        self,
        settings: StoreSettings,
        *,
        patience_seconds: float = 0.0,
        connections: int = 16,
        clock: Clock | None = None,
    ) -> None:
        self._bucket = settings.s3_bucket
        self._prefix = settings.s3_prefix
        self._client = _client(settings, connections)
        self._patience = Patience(patience_seconds, clock or SystemClock())

    def put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        """Write an object whole."""
        self._patience.run(lambda: self._put(key, data, content_type))

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Write a file as an object, in parts of 5 MiB and more when it is large."""
        self._patience.run(lambda: self._put_file(key, path, content_type))

    def get(self, key: str) -> bytes:
        """Return an object's bytes. Raises NotFound."""
        return self._patience.run(lambda: b"".join(self._open(key, 0, None).chunks))

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`. Raises NotFound."""
        return self._patience.run(lambda: b"".join(self._open(key, offset, length).chunks))

    def open(self, key: str, offset: int = 0, length: int | None = None) -> Blob:
        """Open an object or a range of it; `chunks` may raise Unavailable half-way."""
        return self._patience.run(lambda: self._open(key, offset, length))

    def head(self, key: str) -> BlobInfo | None:
        """Return what an object is, None when there is none."""
        return self._patience.run(lambda: self._head(key))

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """Yield the objects under a prefix in order of key; the listing is read whole before the first."""
        yield from self._patience.run(lambda: self._list(prefix))

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the prefixes one slash further, in order; the listing is read whole before the first."""
        yield from self._patience.run(lambda: self._folders(prefix))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects one by one; those that are not there count as deleted."""
        for key in keys:
            self._patience.run(lambda key=key: self._delete(key))  # type: ignore[misc]

    def check(self) -> None:
        """Raise Unavailable unless the bucket is there and lets us in."""
        with translated(self._bucket):
            there = self._client.bucket_exists(self._bucket)
        if not there:
            raise Unavailable(f"the bucket {self._bucket!r} does not exist", dependency="store")

    def create_bucket(self) -> None:
        """Make the bucket if it is missing; for a store that we started ourselves."""
        with translated(self._bucket):
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

    def _put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        with translated(key):
            self._client.put_object(self._bucket, self._prefix + key, io.BytesIO(data), len(data), content_type)

    def _put_file(self, key: str, path: Path, content_type: str) -> None:
        with translated(key):
            self._client.fput_object(self._bucket, self._prefix + key, str(path), content_type)

    def _open(self, key: str, offset: int, length: int | None) -> Blob:
        if length == 0:
            return self._empty(key)
        with translated(key):
            answer = self._client.get_object(self._bucket, self._prefix + key, offset, length or 0)
        return Blob(_info(key, answer), _chunks(key, answer))

    def _empty(self, key: str) -> Blob:
        info = self._head(key)
        if info is None:
            raise NotFound(f"there is no object {key!r}")
        return Blob(info, iter(()))

    def _head(self, key: str) -> BlobInfo | None:
        try:
            with translated(key):
                found = self._client.stat_object(self._bucket, self._prefix + key)
        except NotFound:
            return None
        return self._from_listing(found)

    def _list(self, prefix: str) -> Sequence[BlobInfo]:
        with translated(prefix):
            found = self._client.list_objects(self._bucket, self._prefix + prefix, recursive=True)
            return [self._from_listing(each) for each in found]

    def _folders(self, prefix: str) -> Sequence[str]:
        with translated(prefix):
            found = self._client.list_objects(self._bucket, self._prefix + prefix, recursive=False)
            names = [cast("str", each.object_name).removeprefix(self._prefix) for each in found if each.is_dir]
        return [name for name in names if name != prefix]  # an empty folder lists itself on some stores

    def _delete(self, key: str) -> None:
        with translated(key):
            self._client.remove_object(self._bucket, self._prefix + key)

    def _from_listing(self, found: Object) -> BlobInfo:
        key = cast("str", found.object_name).removeprefix(self._prefix)
        etag = (found.etag or "").strip('"')
        content_type = found.content_type or "application/octet-stream"
        return BlobInfo(key, found.size or 0, etag, content_type, found.last_modified)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the SDK's errors into ours; `what` is the key or bucket, for the message."""
    try:
        yield
    except S3Error as error:
        if error.code in _GONE:
            raise NotFound(f"there is no object {what!r}") from error
        raise Unavailable(f"the store refuses {what!r}: {error.code}", dependency="store") from error
    except (ServerError, InvalidResponseError) as error:
        raise Unavailable(f"the store failed on {what!r}", dependency="store") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(f"the store does not answer: {type(error).__name__}", dependency="store") from error


def _client(settings: StoreSettings, connections: int) -> Minio:
    address = urlsplit(settings.s3_endpoint)
    if address.scheme not in ("http", "https") or not address.netloc or address.path.strip("/"):
        raise Misconfigured("IMAGEBATCH_S3_ENDPOINT must look like https://s3.example.com")
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
        maxsize=connections,
        retries=False,  # Patience does that, for every call alike
    )
    return Minio(
        address.netloc,
        settings.s3_access_key,
        settings.s3_secret_key,
        secure=address.scheme == "https",
        region=settings.s3_region,
        http_client=pool,
    )


def _info(key: str, answer: BaseHTTPResponse) -> BlobInfo:
    content_range = answer.headers.get("content-range", "")
    size = content_range.rpartition("/")[2] or answer.headers.get("content-length", "0")
    etag = answer.headers.get("etag", "").strip('"')
    return BlobInfo(key, int(size), etag, answer.headers.get("content-type", "application/octet-stream"))


def _chunks(key: str, answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body. The connection is let go at the end, or by `close` at any time after this returns."""
    chunks = _body(key, answer)
    next(chunks)  # a generator that was never entered would not run its `finally`
    return chunks


def _body(key: str, answer: BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield b""
        with translated(key):
            yield from answer.stream(CHUNK_BYTES)
    finally:
        answer.close()
        answer.release_conn()
