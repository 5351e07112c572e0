"""A batch with ten failures in a hundred, its sources mended: retry, retry of the retry, deletes in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support import pictures
from support.accepted import fetches
from support.dev_installation import DevInstallation
from support.image_server import ImageServer
from support.open_folder import open_folder
from support.service import Service, csv_of
from support.waiting import eventually

from imagebatch.model import names

IMAGES, IN_A_ROW = 100, 5
BROKEN = range(7, IMAGES, 10)
STUBBORN = BROKEN[3]
REMOVAL_SECONDS = 30.0


@pytest.fixture(scope="module")
def dev() -> Iterator[DevInstallation]:
    with (
        open_folder() as folder,
        DevInstallation(folder / "data", {"IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*"}) as started,
    ):
        yield started


@dataclass
class Shop:
    """A source of pictures of which some are not there, and the service that is asked for them."""

    service: Service
    source: ImageServer

    def __post_init__(self) -> None:
        self.urls = [self.source.url(f"/{number}.jpg") for number in range(IMAGES)]
        self.mend(number for number in range(IMAGES) if number not in BROKEN)

    def mend(self, numbers: Any) -> None:
        for number in numbers:
            self.source.add(f"/{number}.jpg", pictures.jpeg(48, 32, seed=number))

    def submit(self) -> dict[str, Any]:
        rows = [self.urls[at : at + IN_A_ROW] for at in range(0, IMAGES, IN_A_ROW)]
        return self.service.finish(self.service.upload(csv_of(rows)))

    def retry(self, parent: dict[str, Any]) -> tuple[dict[str, Any], Counter[str]]:
        """Retry a batch; return how it ended and what was fetched for it."""
        before = fetches(self.source)
        answer = self.service.http.post(f"/requests/{parent['request_id']}/retry").raise_for_status()
        status = self.service.finish(answer.json()["request_id"])
        return status, fetches(self.source) - before

    def numbers(self, status: dict[str, Any]) -> list[int | None]:
        """Open every link of a batch's CSV; return which picture each is, by what it was made of, None for none."""
        rows = self.service.rows(status["result_url"])[1:]
        sent = [",".join(self.urls[at : at + IN_A_ROW]) for at in range(0, IMAGES, IN_A_ROW)]
        assert [row[:3] for row in rows] == [[str(n), f"SKU{n}", urls] for n, urls in enumerate(sent, 1)]
        report = self.service.get(status["report_url"]).json()
        made_of = {image["output_url"]: self.urls.index(image["url"]) for image in report["images"]}
        links = [link for row in rows for link in row[-1].split(",")]
        return [made_of[link] if link and self.service.get(link).content else None for link in links]

    def delete(self, status: dict[str, Any]) -> None:
        self.service.http.delete(f"/requests/{status['request_id']}").raise_for_status()
        answer = self.service.http.get(f"/status/{status['request_id']}")
        assert answer.status_code == httpx.codes.NOT_FOUND


def objects(dev: DevInstallation, status: dict[str, Any]) -> set[str]:
    """Return the first folder or the name of every object that is stored of a request."""
    prefix = names.request_prefix(status["request_id"])
    found = dev.s3.client().list_objects(dev.s3.bucket, prefix, recursive=True)
    return {str(each.object_name).removeprefix(prefix).partition("/")[0] for each in found}


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)], ids=["oldest-first", "newest-first", "middle-first"]
)
def test_retries_fetch_the_failed_images_alone_and_outlive_deletes_in_any_order(
    dev: DevInstallation, image_source: ImageServer, order: Sequence[int]
) -> None:
    shop = Shop(dev.service(), image_source)
    batch = shop.submit()
    assert batch["counts"] == {"total": IMAGES, "pending": 0, "succeeded": 90, "failed": 10}

    shop.mend(number for number in BROKEN if number != STUBBORN)
    first, fetched = shop.retry(batch)
    assert fetched == {shop.urls[number]: 1 for number in BROKEN}
    assert first["counts"] == {"total": IMAGES, "pending": 0, "succeeded": 99, "failed": 1}
    assert shop.numbers(first) == [None if number == STUBBORN else number for number in range(IMAGES)]

    shop.mend([STUBBORN])
    second, fetched = shop.retry(first)
    assert fetched == {shop.urls[STUBBORN]: 1}
    assert second["counts"] == {"total": IMAGES, "pending": 0, "succeeded": IMAGES, "failed": 0}

    chain = [batch, first, second]
    shown = [shop.numbers(each) for each in chain]
    assert shown[-1] == list(range(IMAGES))
    left = dict(enumerate(chain))
    for place in order:
        shop.delete(left.pop(place))
        needed = {"images"} if any(later > place for later in left) else set()
        eventually(lambda at=place, all_of=needed: objects(dev, chain[at]) == all_of, REMOVAL_SECONDS, "its removal")
        assert [shop.numbers(each) for each in left.values()] == [shown[other] for other in left]
    eventually(lambda: not any(objects(dev, each) for each in chain), REMOVAL_SECONDS, "the removal of all")
