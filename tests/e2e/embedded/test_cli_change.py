"""`retry`, `cancel` and `delete` against a running service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event

import pytest
from support import pictures
from support.command_line import imagebatch
from support.image_server import ImageServer
from support.loopback_server import Reply
from support.service import Service, csv_of

from imagebatch_embedded.supervisor import Installation


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    return {"IMAGEBATCH_URL": installation.api_url}


@pytest.fixture
def half_failed(service: Service, image_source: ImageServer) -> str:
    """The id of a batch that ended with one picture and one that was not there."""
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    request_id = service.upload(csv_of([[photo, image_source.url("/late.jpg")]]))
    assert service.finish(request_id)["reason"] == "PartiallySucceeded"
    return request_id


@pytest.fixture
def endless(service: Service, image_source: ImageServer) -> Iterator[str]:
    """The id of a batch that runs until it is cancelled."""
    go_on, photo = Event(), pictures.jpeg()

    def slowly(_: object) -> Reply:
        go_on.wait(60)
        return Reply(photo, "image/jpeg")

    try:
        yield service.upload(csv_of([[image_source.add(f"/slow{number}.jpg", slowly)] for number in range(3)]))
    finally:
        go_on.set()


def test_retry_when_the_source_was_mended_completes_with_every_image(
    half_failed: str, service: Service, image_source: ImageServer, settings: dict[str, str]
) -> None:
    image_source.add("/late.jpg", pictures.jpeg())
    ended = imagebatch("retry", half_failed, "--watch", "-o", "json", settings=settings)
    assert ended.returncode == 0, ended.stderr
    status = json.loads(ended.stdout)
    assert (status["reason"], status["retry_of"]) == ("AllSucceeded", half_failed)
    assert all(url for row in service.outputs(status) for url in row)
    assert imagebatch("retry", half_failed, settings=settings).stdout == f"{status['request_id']}\n"


def test_retry_when_nothing_failed_exits_3(
    service: Service, image_source: ImageServer, settings: dict[str, str]
) -> None:
    request_id = service.upload(csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]]))
    service.finish(request_id)
    ended = imagebatch("retry", request_id, settings=settings)
    assert (ended.returncode, ended.stdout) == (3, "")


def test_cancel_when_watched_ends_the_batch(endless: str, settings: dict[str, str]) -> None:
    ended = imagebatch("cancel", endless, "--watch", "-o", "json", settings=settings)
    assert ended.returncode == 0, ended.stderr
    status = json.loads(ended.stdout)
    assert (status["status"], status["reason"]) == ("Failed", "Cancelled")
    again = imagebatch("cancel", endless, settings=settings)
    assert (again.returncode, "Failed (Cancelled)" in again.stdout) == (0, True)


def test_cancel_when_the_batch_has_ended_exits_3(half_failed: str, settings: dict[str, str]) -> None:
    assert imagebatch("cancel", half_failed, settings=settings).returncode == 3


def test_delete_when_the_batch_has_ended_takes_it_away(half_failed: str, settings: dict[str, str]) -> None:
    assert imagebatch("delete", half_failed, settings=settings).returncode == 2
    ended = imagebatch("delete", "--yes", half_failed, settings=settings)
    assert (ended.returncode, ended.stdout) == (0, f"{half_failed}\n")
    assert imagebatch("status", half_failed, settings=settings).returncode == 3


def test_delete_when_the_batch_runs_is_refused(endless: str, settings: dict[str, str]) -> None:
    ended = imagebatch("delete", "--yes", endless, settings=settings)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert endless in ended.stderr
    assert imagebatch("cancel", endless, "--watch", settings=settings).returncode == 0
