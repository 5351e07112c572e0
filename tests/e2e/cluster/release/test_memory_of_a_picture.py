"""Large pictures in pods with the chart's memory: what fits comes out, what does not is named, all others are done."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from support import pictures
from support.accepted import fetches, offer
from support.declared import declare
from support.invariants import check_all
from support.service import csv_of
from support.ten_shards import until_accepted

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.installation import Installation
    from support.invariants import Site
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images

IMAGES, PER_SHARD = 60, 20
LARGE = 7
FINISH_SECONDS = 180.0
PHOTO = (866, 577)
TILES = 10  # a side: 8660 × 5770 pixels, just under the limit of 50 megapixels
MEAN_DIFFERENCE = 8.0  # of 255, with the grain lost: quality 50
BOMB = (16_000, 12_500)  # 200 megapixels in 25 kB


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


def test_photograph_of_50_megapixels_that_exif_turns_comes_out_upright_and_a_bomb_is_refused(
    service: Service, pictures_on_the_node: ImageServer
) -> None:
    large = pictures_on_the_node.add("/large.jpg", large_photograph(orientation=6))
    bomb = pictures_on_the_node.add("/bomb.png", pictures.encode(Image.new("1", BOMB), "PNG"))

    status = service.finish(service.upload(csv_of([[large, bomb]])), FINISH_SECONDS)

    done, refused = service.get(f"/requests/{status['request_id']}/images").json()["images"]
    width, height = (TILES * side for side in PHOTO)
    assert (done["status"], done["width_in"], done["height_in"]) == ("Succeeded", height, width)
    with Image.open(io.BytesIO(service.get(done["output_url"]).content)) as output:
        assert (output.format, output.size) == ("JPEG", (height, width))
        tile = pictures.photo(*PHOTO).transpose(Image.Transpose.ROTATE_270)
        assert difference(output.crop((0, 0, *tile.size)), tile) < MEAN_DIFFERENCE
    assert (refused["code"], refused["attempts"]) == ("too_many_pixels", 1)
    print(f"refused after {refused['milliseconds']} ms, fetched included; {done['milliseconds']} ms for the photograph")


def large_photograph(orientation: int) -> bytes:
    """Return a JPEG with an EXIF orientation, a wall of one photograph."""
    tile = np.asarray(pictures.photo(*PHOTO))
    wall = Image.fromarray(np.tile(tile, (TILES, TILES, 1)))
    return pictures.encode(wall, "JPEG", quality=85, exif=pictures.exif(orientation))


def difference(found: Image.Image, wanted: Image.Image) -> float:
    """Return the mean absolute difference of two pictures' channels, of 255."""
    return float(np.mean(np.abs(np.asarray(found, np.int16) - np.asarray(wanted, np.int16))))
