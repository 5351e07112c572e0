"""A client of GET /status/{id}/events: what it was told, over as many connections as it takes."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING, Any, Self

import httpx

from support.waiting import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

FINAL = ("Completed", "Failed")


def events_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the data of every event `status`."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            assert name == "status"
            yield json.loads(value)


class Watcher:
    """Watches a request to its end, connecting again when a stream breaks. `streams` has what each one told.

    At the end of its block it gives up, so that nobody waits for the end of what has failed.
    """

    def __init__(self, api_url: str, request_id: str) -> None:
        self.streams: list[list[dict[str, Any]]] = []
        self._url = f"{api_url}/status/{request_id}/events"
        self._given_up = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._given_up.set()

    @property
    def told(self) -> list[dict[str, Any]]:
        """Everything that was told, over all connections."""
        return [each for stream in self.streams for each in stream]

    def watch(self) -> None:
        """Return when a final status was told, or once the watcher's block has ended."""
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self.told or self.told[-1]["status"] not in FINAL:
                with suppress(httpx.TransportError), client.stream("GET", self._url) as answer:
                    self._listen(answer)
                if self._given_up.wait(POLL_SECONDS):  # the service may be away for a while
                    return

    def _listen(self, answer: httpx.Response) -> None:
        """Keep what a stream tells; a service that cannot give one now is asked again."""
        assert answer.status_code in (200, 503), answer.status_code
        if answer.status_code == 200:
            self.streams.append(told := [])
            for each in events_of(answer.iter_lines()):
                told.append(each)  # noqa: PERF402 - others look at it meanwhile

    def assert_never_back(self) -> None:
        """Hold what must be true of all that was told, in its order."""
        order = ["Pending", "Processing", *FINAL]
        steps = [(min(order.index(each["status"]), 2), each["counts"]) for each in self.told]
        for (status, counts), (next_status, next_counts) in pairwise(steps):
            assert status <= next_status
            assert counts["succeeded"] <= next_counts["succeeded"]
            assert counts["failed"] <= next_counts["failed"]
        for _, counts in steps:
            assert counts["pending"] + counts["succeeded"] + counts["failed"] == counts["total"]
