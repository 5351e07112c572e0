"""A picture that needs more memory than its codec child may have in a pod: named, and all others done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support import pictures
from support.accepted import fetches, offer
from support.declared import declare
from support.invariants import check_all
from support.ten_shards import until_accepted

if TYPE_CHECKING:
    from support.installation import Installation
    from support.invariants import Site

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images

IMAGES, PER_SHARD = 60, 20
LARGE = 7
FINISH_SECONDS = 180.0


def test_batch_with_a_picture_that_needs_more_memory_than_a_pod_has_for_one_names_it_and_finishes(
    installation: Installation, site: Site
) -> None:
    lists = offer(site.source, IMAGES)
    # 48 megapixels: within the limits, 0.7 MB as a file, and 1.5 GB while it is written as AVIF.
    site.source.add(f"/p{LARGE}.jpg?{LARGE}", pictures.encode(Image.new("RGB", (8_000, 6_000)), "JPEG"))
    spec = {"imagesPerShard": PER_SHARD, "retriesPerShard": 0, "output": {"format": "AVIF"}}
    batch, watch = declare(installation, lists, site.receiver.address, **spec)
    with watch:
        until_accepted(site, batch)
        batch.follow(site.service, FINISH_SECONDS)
        assert (batch.last["status"], batch.last["reason"]) == ("Completed", "PartiallySucceeded")
        check_all(site, [batch])
        watch.check(batch)
    (error,) = site.service().rows(batch.last["errors_url"])[1:]
    assert error[3:5] == [batch.urls[LARGE], "out_of_memory"]
    assert set(fetches(site.source).values()) == {1}, "its pod went on with the others"
