"""Every kind of source written by hand, with no API: the same rows, files and webhook as of an upload."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.accepted import offer
from support.by_hand import Written, has_rows_files_and_webhook, without_api
from support.invariants import Site, check_all
from support.loopback_server import Reply
from support.service import csv_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

IMAGES = 12
BACK_SECONDS = 60.0  # until the ingress knows that the API is there again


def inline(_: Installation, __: Site, data: bytes) -> dict[str, Any]:
    return {"inline": data.decode()}


def config_map(installation: Installation, _: Site, data: bytes) -> dict[str, Any]:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "list"}, "data": {"my.csv": data.decode()}}
    installation.kubectl("apply", "-f", "-", given=json.dumps(made))
    return {"configMapKeyRef": {"name": "list", "key": "my.csv"}}


def url(_: Installation, site: Site, data: bytes) -> dict[str, Any]:
    return {"url": site.source.add("/my.csv", Reply(data, "text/csv"))}


def object_key(_: Installation, site: Site, data: bytes) -> dict[str, Any]:
    site.s3.client().put_object(site.s3.bucket, "inbox/my.csv", io.BytesIO(data), len(data))
    return {"objectKey": "inbox/my.csv", "sha256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("source", [inline, config_map, url, object_key])
def test_source_when_written_by_hand_without_api_becomes_a_request_with_all_that_belongs_to_it(
    installation: Installation,
    site: Site,
    service: Service,
    source: Callable[[Installation, Site, bytes], dict[str, Any]],
) -> None:
    lists = offer(site.source, IMAGES)
    with without_api(installation):
        written = Written.by(
            installation,
            f"by.hand-{source.__name__.replace('_', '-')}",
            source=source(installation, site, csv_of(lists)),
            webhook={"url": site.receiver.address},
        )
        status = written.wait()
        assert (status["requestId"], status["reason"]) == (written.uid, "AllSucceeded")
        has_rows_files_and_webhook(site, written)

    batch = written.batch(lists)
    batch.follow(lambda: service, BACK_SECONDS)
    check_all(site, [batch])


def test_retry_when_written_by_hand_without_api_does_what_failed_again(
    installation: Installation, site: Site, service: Service
) -> None:
    lists = [*offer(site.source, IMAGES), [site.source.url("/late.jpg")]]
    webhook = {"url": site.receiver.address}
    with without_api(installation):
        source = {"inline": csv_of(lists).decode()}
        first = Written.by(installation, "to-be-retried", source=source, webhook=webhook)
        assert first.wait()["reason"] == "PartiallySucceeded"
        site.source.add("/late.jpg", pictures.jpeg(96, 64))
        again = Written.by(installation, "the-retry", retryOf=first.uid, webhook=webhook)
        assert again.wait()["reason"] == "AllSucceeded"
        has_rows_files_and_webhook(site, again)

    batches = [first.batch(lists), again.batch(lists)]
    for batch in batches:
        batch.follow(lambda: service, BACK_SECONDS)
    check_all(site, batches, stops=1)  # what failed was fetched twice
