"""A client of GET /status/{id}/events: what it was told, over as many connections as it takes."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx

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
    """Watches a request to its end, connecting again when a stream breaks. `streams` has what each one told."""

    def __init__(self, api_url: str, request_id: str) -> None:
        self.streams: list[list[dict[str, Any]]] = []
        self._url = f"{api_url}/status/{request_id}/events"

    @property
    def told(self) -> list[dict[str, Any]]:
        """Everything that was told, over all connections."""
        return [each for stream in self.streams for each in stream]

    def watch(self) -> None:
        """Return when a final status was told."""
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self.told or self.told[-1]["status"] not in FINAL:
                try:
                    with client.stream("GET", self._url) as answer:
                        self._listen(answer)
                except httpx.TransportError:
                    continue

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
