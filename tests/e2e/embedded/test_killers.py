"""Pictures whose shard dies as a whole when it asks for them, as when memory is out: named, and all others done.

When the source server is asked for one, the test kills the shard that asks, with its codec children.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from support import pictures
from support.loopback_server import Reply, Request
from support.process_tree import environment, kill_tree, shard_at
from support.service import csv_of

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.service import Service

FINISH_SECONDS = 120.0  # of which a shard that dies five times waits 31
IMAGES = 60  # three shards of 20
IN_FIRST_SHARD = range(20)
PICTURE = pictures.jpeg(64, 48)


class Killing:
    """Batches from a source that kills who asks for some of its pictures; `deaths` counts them by request."""

    def __init__(self, service: Service, source: ImageServer) -> None:
        self.service = service
        self.source = source
        self.urls = [source.add(f"/{number}.jpg", PICTURE) for number in range(IMAGES)]
        self.deaths: Counter[str] = Counter()
        self._lock = threading.Lock()

    def at(self, number: int, death: int | None = None) -> None:
        """Kill whoever asks for a picture: every time, or only as the death of this number, from 1."""

        def answer(request: Request) -> Reply:
            with self._lock:  # of two that ask at once, one finds no shard any more
                if death in (None, self.deaths.total() + 1) and (shard := shard_at(request.client_port)):
                    self.deaths[environment(shard)["REQUEST_ID"]] += 1
                    kill_tree(shard)
            return Reply(PICTURE, "image/jpeg")

        self.source.routes[f"/{number}.jpg"] = answer

    def finish(self, deaths: int) -> dict[str, object]:
        """Send all pictures as one batch; return its last status, with what must be so after that many deaths."""
        request_id = self.service.upload(csv_of([url] for url in self.urls))
        status = self.service.finish(request_id, FINISH_SECONDS)
        assert self.deaths == {request_id: deaths}
        return status

    def errors(self, status: dict[str, object]) -> list[tuple[str, str]]:
        """Return URL and code of every line of errors.csv."""
        _, *rows = self.service.rows(str(status["errors_url"]))
        return [(row[3], row[4]) for row in rows]

    def opens(self, status: dict[str, object], failed: set[int]) -> None:
        """Hold that every image has an output that opens, and only the failed ones none."""
        outputs = [output for (output,) in self.service.outputs(status)]
        assert {number for number, output in enumerate(outputs) if not output} == failed
        for output in filter(None, outputs):
            assert self.service.get(output).headers["content-type"] == "image/jpeg"

    def others_once(self) -> None:
        """Hold that the shards beside the first, which nothing killed, asked for each picture once."""
        asked = {self.source.counts[f"/{number}.jpg"] for number in range(IMAGES) if number not in IN_FIRST_SHARD}
        assert asked == {1}


def test_batch_with_a_picture_that_kills_its_shard_names_it_and_finishes(service: Service, image_source: ImageServer):
    killing = Killing(service, image_source)
    killing.at(7)
    status = killing.finish(deaths=3)
    assert (status["status"], status["reason"]) == ("Completed", "PartiallySucceeded")
    assert killing.errors(status) == [(killing.urls[7], "out_of_memory")]
    killing.opens(status, failed={7})
    killing.others_once()


def test_batch_with_two_such_pictures_in_a_shard_names_both_and_finishes(service: Service, image_source: ImageServer):
    killing = Killing(service, image_source)
    killing.at(3)
    killing.at(12)
    status = killing.finish(deaths=5)
    assert killing.errors(status) == [(killing.urls[n], "out_of_memory") for n in (3, 12)]
    killing.opens(status, failed={3, 12})
    killing.others_once()


def test_batch_whose_shard_is_killed_by_chance_convicts_no_picture(service: Service, image_source: ImageServer):
    killing = Killing(service, image_source)
    for death, number in enumerate((2, 5, 9), 1):
        killing.at(number, death)
    status = killing.finish(deaths=3)
    assert (status["status"], status["reason"]) == ("Completed", "AllSucceeded")
    killing.opens(status, failed=set())
    killing.others_once()
