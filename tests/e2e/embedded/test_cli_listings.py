"""`list` and `images` against a running service."""

from __future__ import annotations

import json

import pytest
from support import pictures
from support.command_line import imagebatch
from support.image_server import ImageServer
from support.service import Service, csv_of

from imagebatch_embedded.supervisor import Installation


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    return {"IMAGEBATCH_URL": installation.api_url}


@pytest.fixture
def request_ids(service: Service, image_source: ImageServer) -> list[str]:
    """The ids of three batches that ended, the oldest first: two pictures and one that is not there."""
    photo, logo = image_source.add("/photo.jpg", pictures.jpeg()), image_source.add("/logo.png", pictures.png())
    csv = csv_of([[photo, logo], [image_source.url("/gone.jpg")]])
    found = [service.upload(csv) for _ in range(3)]
    for request_id in found:
        service.finish(request_id)
    return found


def test_list_when_batches_ended_prints_the_newest_first(request_ids: list[str], settings: dict[str, str]) -> None:
    ended = imagebatch("list", "--limit", 3, settings=settings)
    assert [line.split("\t")[0] for line in ended.stdout.splitlines()[1:]] == request_ids[::-1]
    assert "Completed\tPartiallySucceeded\t3\t3\t1" in ended.stdout


def test_list_when_all_are_wanted_has_each_batch_once(request_ids: list[str], settings: dict[str, str]) -> None:
    listed = json.loads(imagebatch("list", "--all", "-o", "json", settings=settings).stdout)
    ids = [each["request_id"] for each in listed]
    assert ids[:3] == request_ids[::-1]
    assert len(set(ids)) == len(ids)


def test_list_when_a_status_is_wanted_has_no_other(request_ids: list[str], settings: dict[str, str]) -> None:
    ended = imagebatch("list", "--status", "completed", "--limit", 2, "-o", "json", settings=settings)
    assert [each["request_id"] for each in json.loads(ended.stdout)] == request_ids[:0:-1]
    failed = json.loads(imagebatch("list", "--status", "Failed", "-o", "json", settings=settings).stdout)
    assert {each["status"] for each in failed} <= {"Failed"}


def test_images_when_the_batch_ended_lists_each_slot(request_ids: list[str], settings: dict[str, str]) -> None:
    _, *lines = imagebatch("images", request_ids[0], settings=settings).stdout.splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["1", "1", "ok"], ["1", "2", "ok"], ["2", "1", "http_404"]]


def test_images_when_failed_ones_are_wanted_lists_those(request_ids: list[str], settings: dict[str, str]) -> None:
    for wanted in (["--failed"], ["--code", "http_404"]):
        ended = imagebatch("images", request_ids[0], *wanted, "-o", "json", settings=settings)
        (image,) = json.loads(ended.stdout)
        assert (image["code"], image["row"], image["output_url"]) == ("http_404", 1, None)
    none = imagebatch("images", request_ids[0], "--code", "timeout", settings=settings)
    assert (none.returncode, len(none.stdout.splitlines())) == (0, 1)
