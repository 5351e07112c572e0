"""The CSV of a resource written by hand, wherever it lies. Called by hand_written."""

from __future__ import annotations

import hashlib
import io
from threading import Semaphore
from typing import TYPE_CHECKING, Protocol

from imagebatch.model.errors import ImageRejected, InvalidRequest, Misconfigured, NotFound, TooLarge, Unavailable
from imagebatch.model.names import REQUESTS_PREFIX
from imagebatch.model.source import ConfigMapSource, InlineSource, ObjectSource, Source, UrlSource
from imagebatch.net.messages import FetchLimits

if TYPE_CHECKING:
    from imagebatch.net.http import GuardedHttp
    from imagebatch.ports import BlobStore

DEADLINE_SECONDS = 60.0
FETCHES_AT_ONCE = 2
# What may be otherwise in a moment, as a 5xx: any other answer of a source is its last word.
PASSING = frozenset({"dns_failure", "connect_failed", "timeout", "truncated", "http_408", "http_429"})


class ConfigMaps(Protocol):
    """Where the values of ConfigMaps come from."""

    def config_map_value(self, name: str, key: str) -> bytes:
        """Return a value. Raises NotFound."""


class SourceReader:
    """Reads CSVs of up to `max_bytes`; objects only under `inbox`, URLs only behind the address guard."""

    def __init__(
        self, *, store: BlobStore, http: GuardedHttp, config_maps: ConfigMaps, inbox: str, max_bytes: int
    ) -> None:
        if not inbox.endswith("/") or inbox.startswith(REQUESTS_PREFIX):
            raise Misconfigured(f"IMAGEBATCH_INBOX_PREFIX must end with a slash and not lie under {REQUESTS_PREFIX}")
        self._fetching = Semaphore(FETCHES_AT_ONCE)
        self._store = store
        self._http = http
        self._config_maps = config_maps
        self._inbox = inbox
        self._max_bytes = max_bytes

    def read(self, source: Source) -> bytes:
        """Return the CSV's bytes.

        Raises NotFound for what is not there (yet), Unavailable for what does not answer now, Refused for what the
        cluster does not allow, InvalidRequest for what is not to be read.
        """
        match source:
            case InlineSource(text):
                return text.encode()
            case ConfigMapSource(name, key):
                return self._config_maps.config_map_value(name, key)
            case ObjectSource():
                return self._object(source)
            case UrlSource(url):
                return self._fetched(url)
        raise ValueError(f"{source!r} has no CSV")

    def _object(self, source: ObjectSource) -> bytes:
        if not source.key.startswith(self._inbox):
            raise InvalidRequest(f"An object written by hand must lie under {self._inbox}", code="not_in_inbox")
        found = self._store.head(source.key)
        if found is None:
            raise NotFound(f"there is no object {source.key}")
        if found.size > self._max_bytes:
            raise TooLarge(f"The CSV has {found.size:,} bytes; {self._max_bytes:,} are allowed.")
        data = self._store.get(source.key)
        if hashlib.sha256(data).hexdigest() != source.sha256:
            raise InvalidRequest(f"The object {source.key} has another SHA-256 than was named", code="other_sha256")
        return data

    def _fetched(self, url: str) -> bytes:
        # A slow source keeps a worker that long: those who only wait for others' sources keep none.
        if not self._fetching.acquire(blocking=False):
            raise Unavailable("other CSVs are being fetched", dependency="turn")
        sink = io.BytesIO()
        limits = FetchLimits(deadline_seconds=DEADLINE_SECONDS, max_bytes=self._max_bytes)
        try:
            self._http.get(url, limits=limits, into=sink)
        except ImageRejected as error:
            if error.code in PASSING or error.code.startswith("http_5"):
                raise Unavailable(f"The CSV cannot be fetched now: {error.message}", dependency="source") from error
            raise InvalidRequest(f"The CSV cannot be fetched: {error.message}", code=error.code) from error
        finally:
            self._fetching.release()
        return sink.getvalue()
