"""The web as the played service sees it: pictures by URL, and a receiver of webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import Fetched
from imagebatch_processor.policy import Compressed, ImageFormat

if TYPE_CHECKING:
    from imagebatch.model.batch import OutputOptions
    from imagebatch.net.messages import FetchLimits, Sink

GOOD, MISSING, KILLER = "good", "missing", "killer"


class Web:
    """What URLs give: `http://web/<kind>/<n>`. A missing picture is there once the sources are `mended`.

    Whoever takes up a killer dies.
    """

    def __init__(self) -> None:
        self.mended = False

    def kind(self, url: str) -> str:
        kind = url.split("/")[3]
        return GOOD if kind == MISSING and self.mended else kind


@dataclass(frozen=True)
class Fetcher:
    """The fetcher of one shard. `at_fetch` is told each URL first, `die` is called for a killer."""

    web: Web
    at_fetch: Callable[[str], None]
    die: Callable[[], None]

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        self.at_fetch(url)
        kind = self.web.kind(url)
        if kind == KILLER:
            self.die()
        if kind == MISSING:
            raise FetchRejected("http_404", "The server answered 404.", attempts=1)
        body = f"picture of {url}".encode()
        into.write(body)
        return Fetched(200, len(body), "image/jpeg", url, 1)


class Codec:
    """Makes pictures smaller by leaving out their first word."""

    def compress(self, data: bytes, options: OutputOptions) -> Compressed:
        return Compressed(data[11:], ImageFormat.JPEG, 4, 3, ImageFormat.JPEG, 4, 3, options.quality, False)


@dataclass(frozen=True)
class Said:
    """The receiver's answer."""

    status: int
    headers: Mapping[str, str]
    retry_after_seconds: float | None = None


class Receiver:
    """Takes webhooks and answers `status`; `got` lists (body, headers) in order, `taken` counts what it said 200 to."""

    def __init__(self) -> None:
        self.status = 200
        self.taken = 0
        self.got: list[tuple[bytes, Mapping[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Said:
        self.got.append((body, headers))
        self.taken += self.status == 200
        return Said(self.status, {})
