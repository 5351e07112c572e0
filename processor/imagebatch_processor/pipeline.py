"""One image through the shard: fetch, compress, store. Every end is an Outcome; only outages are raised."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from imagebatch.model import names
from imagebatch.model.errors import ImageRejected
from imagebatch.model.results import Outcome
from imagebatch.net.failures import FetchRejected
from imagebatch_processor.download_room import NoRoom

if TYPE_CHECKING:
    from imagebatch.model.batch import OutputOptions
    from imagebatch.model.plan import Image
    from imagebatch.net.messages import Fetched, FetchLimits, Sink
    from imagebatch.ports import BlobStore
    from imagebatch_processor.download_room import Body, DownloadRoom
    from imagebatch_processor.policy import Compressed


class Fetcher(Protocol):
    """What the pipeline needs of the guarded HTTP client."""

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        """Write the body of `url` to `into`. Raises FetchRejected."""


class Compressor(Protocol):
    """What the pipeline needs of the codec pool."""

    def compress(self, data: bytes, options: OutputOptions) -> Compressed:
        """Return the picture re-encoded. Raises ImageRejected."""


@dataclass(frozen=True, slots=True)
class Download:
    """What came of an image's URL: its bytes, or why there are none. `started` is a reading of `time.monotonic`.

    `held` is what keeps room for the bytes.
    """

    image: Image
    started: float
    attempts: int
    body: bytes = b""
    rejected: ImageRejected | None = None
    held: Body | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What takes an image of request `request_id` from its URL to its object. Safe for many threads."""

    request_id: str
    options: OutputOptions
    http: Fetcher
    limits: FetchLimits
    room: DownloadRoom
    codec: Compressor
    store: BlobStore

    def fetch(self, image: Image) -> Download:
        """Return what came of the image's URL; nothing is written yet."""
        started, body = time.monotonic(), self.room.body()
        try:
            attempts = self.http.get(image.url, limits=self.limits, into=body).attempts
        except NoRoom:
            body.close()
            return self.fetch(image)
        except FetchRejected as rejected:
            body.close()
            return Download(image, started, rejected.attempts, rejected=rejected)
        return Download(image, started, attempts, body.whole(), held=body)

    def finish(self, download: Download) -> Outcome:
        """Compress and store what was fetched; return the image's end. Raises Unavailable when the store is away."""
        try:
            return self._finished(download)
        finally:
            if download.held is not None:
                download.held.close()

    def _finished(self, download: Download) -> Outcome:
        if download.rejected is not None:
            return _failed(download, download.rejected)
        try:
            compressed = self.codec.compress(download.body, self.options)
        except ImageRejected as rejected:
            return _failed(download, rejected)
        name = f"{download.image.index}.{compressed.extension}"
        self.store.put(names.image_key(self.request_id, name), compressed.data, compressed.content_type)
        return _succeeded(download, name, compressed)


def _failed(download: Download, rejected: ImageRejected) -> Outcome:
    image = download.image
    return Outcome(
        index=image.index,
        url=image.url,
        slots=len(image.slots),
        code=rejected.code,
        message=rejected.message,
        attempts=download.attempts,
        milliseconds=_milliseconds_since(download.started),
    )


def _succeeded(download: Download, name: str, compressed: Compressed) -> Outcome:
    image = download.image
    return Outcome(
        index=image.index,
        url=image.url,
        slots=len(image.slots),
        name=name,
        attempts=download.attempts,
        milliseconds=_milliseconds_since(download.started),
        bytes_in=len(download.body),
        bytes_out=len(compressed.data),
        sha256=hashlib.sha256(compressed.data).hexdigest(),
        format_in=compressed.input_format.value,
        format_out=compressed.format.value,
        width_in=compressed.input_width,
        height_in=compressed.input_height,
        width_out=compressed.width,
        height_out=compressed.height,
        quality=compressed.quality,
        kept_original=compressed.kept_original,
    )


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
