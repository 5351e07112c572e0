"""Resources written by hand that do not simply run to their end, with no API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.accepted import offer
from support.by_hand import END_SECONDS, Written, has_rows_files_and_webhook, told, without_api
from support.invariants import Ended, Site, check_all, webhook_is_signed_with_one_id_and_one_body
from support.service import HEADER, csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

BACK_SECONDS = 60.0
SHARDS_AT_ONCE = 4
INVALID = f"{','.join(HEADER)}\n1,Mug,http://shop.test/1.jpg\nx,Cup,http://shop.test/2.jpg\n3,Jug,not an address\n"


def test_resource_when_its_csv_is_invalid_fails_with_the_rows_named(
    installation: Installation, site: Site, service: Service
) -> None:
    with without_api(installation):
        written = Written.by(
            installation, "invalid", source={"inline": INVALID}, webhook={"url": site.receiver.address}
        )
        status = written.wait("Failed")
        assert (status["status"], status["reason"]) == ("Failed", "InvalidSource")
        assert "line 3" in status["message"]
        assert "line 4" in status["message"]
        assert "line 2" not in status["message"]
        assert "resultUrl" not in status
        [event] = eventually(lambda: [each for each in written.events if each["reason"] == "InvalidSource"], 30)
        assert (event["type"], event["message"]) == ("Warning", status["message"][:1_000])
        [webhook] = eventually(lambda: told(site, written), 30, "the webhook")
        assert (webhook["status"], webhook["reason"]) == ("Failed", "InvalidSource")

    batch = written.batch([])
    batch.follow(lambda: service, BACK_SECONDS)
    assert batch.last["result_url"] is None
    webhook_is_signed_with_one_id_and_one_body(Ended(site, batch))
    assert not site.at_work()


def test_resource_when_its_config_map_appears_later_waits_for_it(
    installation: Installation, site: Site, service: Service
) -> None:
    lists = offer(site.source, 4)
    with without_api(installation):
        written = Written.by(
            installation,
            "early",
            source={"configMapKeyRef": {"name": "late", "key": "my.csv"}},
            webhook={"url": site.receiver.address},
        )
        eventually(lambda: any(each["reason"] == "SourceMissing" for each in written.events), 60, "the warning")
        assert not written.status
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}}
        data = {"data": {"my.csv": csv_of(lists).decode()}}
        installation.kubectl("apply", "-f", "-", given=json.dumps({**made, **data}))
        written.wait()
        has_rows_files_and_webhook(site, written)

    batch = written.batch(lists)
    batch.follow(lambda: service, BACK_SECONDS)
    check_all(site, [batch])


def test_resource_when_its_time_after_the_end_is_over_goes_and_its_results_stay(
    installation: Installation, site: Site, service: Service
) -> None:
    lists = offer(site.source, 4)
    with without_api(installation):
        written = Written.by(
            installation,
            "short-lived",
            source={"inline": csv_of(lists).decode()},
            webhook={"url": site.receiver.address},
            ttlSecondsAfterFinished=10,
        )
        written.wait()
        installation.kubectl("wait", "--for=delete", f"ib/{written.name}", "--timeout=90s", seconds=100)
        has_rows_files_and_webhook(site, written)

    batch = written.batch(lists)
    batch.follow(lambda: service, BACK_SECONDS)
    assert batch.last["reason"] == "AllSucceeded"
    check_all(site, [batch])


def test_resource_when_cancelled_with_kubectl_ends_with_what_it_has(
    installation: Installation, site: Site, service: Service
) -> None:
    lists = offer(site.source, 200, delay_seconds=1.0)
    with without_api(installation):
        written = Written.by(
            installation,
            "unwanted",
            source={"inline": csv_of(lists).decode()},
            webhook={"url": site.receiver.address},
        )
        done = eventually(lambda: written.status.get("images", {}).get("succeeded"), END_SECONDS, "some images")
        installation.kubectl("patch", "ib", written.name, "--type=merge", "-p", '{"spec": {"cancel": true}}')
        status = written.wait("Failed")
        assert status["reason"] == "Cancelled"
        assert done <= status["images"]["succeeded"] < 200

    batch = written.batch(lists)
    batch.follow(lambda: service, BACK_SECONDS)
    check_all(site, [batch], stops=SHARDS_AT_ONCE)
