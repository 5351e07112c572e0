"""One image through the shard: fetch, compress, store. Every end is an Outcome; only outages are raised."""

from __future__ import annotations

import hashlib
import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from imagebatch.model import names
from imagebatch.model.errors import ImageRejected
from imagebatch.model.results import Outcome
from imagebatch.net.failures import FetchRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.model.batch import OutputOptions
    from imagebatch.model.plan import Image
    from imagebatch.net.messages import Fetched, FetchLimits, Sink
    from imagebatch.ports import BlobStore
    from imagebatch_processor.policy import Compressed


class Fetcher(Protocol):
    """What the pipeline needs of the guarded HTTP client."""

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        """Write the body of `url` to `into`. Raises ImageRejected."""


class Compressor(Protocol):
    """What the pipeline needs of the codec pool."""

    def compress(self, data: bytes, options: OutputOptions) -> Compressed:
        """Return the picture re-encoded. Raises ImageRejected."""


class Stopped(Exception):
    """The shard was asked to stop while the image was being fetched; it is dropped."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What takes an image of request `request_id` from its URL to its object. Safe for many threads."""

    request_id: str
    options: OutputOptions
    http: Fetcher
    limits: FetchLimits
    codec: Compressor
    store: BlobStore
    stopping: Callable[[], bool]

    def process(self, image: Image) -> Outcome:
        """Return the image's end. Raises Unavailable when the store is away, Stopped when asked to stop."""
        started = time.monotonic()
        attempts = 1
        body = io.BytesIO()
        try:
            attempts = self.http.get(image.url, limits=self.limits, into=body).attempts
            if self.stopping():
                raise Stopped
            compressed = self.codec.compress(body.getvalue(), self.options)
        except ImageRejected as rejected:
            if isinstance(rejected, FetchRejected):
                attempts = rejected.attempts
            return _failed(image, rejected, attempts, _milliseconds_since(started))
        name = f"{image.index}.{compressed.extension}"
        self.store.put(names.image_key(self.request_id, name), compressed.data, compressed.content_type)
        return _succeeded(image, name, compressed, body.tell(), attempts, _milliseconds_since(started))


def _failed(image: Image, rejected: ImageRejected, attempts: int, milliseconds: int) -> Outcome:
    return Outcome(
        index=image.index,
        url=image.url,
        slots=len(image.slots),
        code=rejected.code,
        message=rejected.message,
        attempts=attempts,
        milliseconds=milliseconds,
    )


def _succeeded(
    image: Image, name: str, compressed: Compressed, bytes_in: int, attempts: int, milliseconds: int
) -> Outcome:
    return Outcome(
        index=image.index,
        url=image.url,
        slots=len(image.slots),
        name=name,
        attempts=attempts,
        milliseconds=milliseconds,
        bytes_in=bytes_in,
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
