"""Batches that a service accepted: what was sent, and every status that was seen of them since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from support import pictures
from support.loopback_server import Reply
from support.service import FINAL, Service, csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.image_server import ImageServer

PICTURES = 8
URLS_IN_A_ROW = 4
LOOK_SECONDS = 3.0


@dataclass
class Accepted:
    """One accepted request. `looks` holds every status that was seen, oldest first."""

    request_id: str
    url_lists: Sequence[Sequence[str]]
    webhook: bool = False
    looks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """The URL of every slot, in order."""
        return [url for urls in self.url_lists for url in urls]

    @property
    def last(self) -> dict[str, Any]:
        return self.looks[-1]

    @property
    def done(self) -> int:
        """How many slots were seen to be done."""
        counts = self.looks[-1]["counts"] if self.looks else {"total": 0, "pending": 0}
        return int(counts["total"] - counts["pending"])

    def look(self, service: Service) -> bool:
        """Look at the status, unless the service does not answer now; return whether it is final."""
        try:
            answer = service.http.get(f"/status/{self.request_id}", timeout=LOOK_SECONDS)
        except httpx.TransportError:
            return False
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE or is_of_an_ingress(answer):
            return False
        self.looks.append(answer.raise_for_status().json())
        return self.last["status"] in FINAL

    def follow(
        self, service: Callable[[], Service], timeout_seconds: float, until: Callable[[Accepted], bool] | None = None
    ) -> None:
        """Look until the status is final, or until `until` says so."""

        def reached() -> bool:
            final = self.look(service())
            return final if until is None else bool(self.looks) and (final or until(self))

        eventually(reached, timeout_seconds, f"the end of {self.request_id}")


def is_of_an_ingress(answer: httpx.Response) -> bool:
    """Return whether Traefik says 404 since no pod of the API is ready: the API's own is a problem."""
    return answer.status_code == httpx.codes.NOT_FOUND and "json" not in answer.headers.get("content-type", "")


def send(
    service: Service,
    source: ImageServer,
    images: int,
    webhook_url: str = "",
    name: str = "p",
    delay_seconds: float = 0.0,
) -> Accepted:
    """Upload a batch of small pictures with URLs of its own, four in a row, each sent after a delay."""
    lists = offer(source, images, name, delay_seconds)
    fields = {"webhook_url": webhook_url} if webhook_url else {}
    return Accepted(service.upload(csv_of(lists), **fields), lists, webhook=bool(webhook_url))


def offer(source: ImageServer, images: int, name: str = "p", delay_seconds: float = 0.0) -> list[list[str]]:
    """Serve small pictures, each after a delay; return their URLs in rows of four. The query is an image's number."""
    for number in range(PICTURES):
        picture = pictures.jpeg(96, 64, seed=number)
        source.add(f"/{name}{number}.jpg", Reply(picture, "image/jpeg", delay_seconds=delay_seconds))
    urls = [source.url(f"/{name}{n % PICTURES}.jpg?{n}") for n in range(images)]
    return [urls[n : n + URLS_IN_A_ROW] for n in range(0, images, URLS_IN_A_ROW)]


def fetches(source: ImageServer) -> Counter[str]:
    """Return how often each URL was asked for."""
    with source.lock:
        return Counter(source.url(request.target) for request in source.requests)


def fetched_again(source: ImageServer, batch: Accepted) -> int:
    """Return how many requests there were beyond one for each image of a batch."""
    counts = fetches(source)
    return sum(counts[url] - 1 for url in set(batch.urls) if counts[url] > 1)
