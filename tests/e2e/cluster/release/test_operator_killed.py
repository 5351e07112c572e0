"""The operator killed at its three worst moments: nothing is done twice that anybody could see."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from support.accepted import send
from support.cluster_history import ClusterHistory, one_job_was_there, status_never_went_back
from support.held_rows import DELIVERY, PRODUCTS, locked, somebody_waits
from support.invariants import Site, check_all
from support.loopback_server import Reply, Request
from support.pod_processes import kill_operator
from support.waiting import eventually

from imagebatch.model import names

if TYPE_CHECKING:
    from support.accepted import Accepted
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

IMAGES = 80
SOURCE_SECONDS = 0.2
FINISH_SECONDS = 240.0
MOMENT_SECONDS = 120.0
LEASE_SECONDS = 75.0  # so long a webhook that was sent and not recorded is somebody else's


@pytest.fixture
def batch(site: Site, service: Service) -> Accepted:
    """A batch that was just accepted and takes some seconds."""
    return send(service, site.source, IMAGES, site.receiver.address, delay_seconds=SOURCE_SECONDS)


def test_operator_when_killed_right_after_it_created_the_job_adopts_it(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, batch: Accepted
) -> None:
    eventually(lambda: history.jobs(batch.request_id), MOMENT_SECONDS, "the Job")

    kill_operator(installation)

    batch.follow(lambda: service, FINISH_SECONDS)
    assert batch.last["reason"] == "AllSucceeded"
    check_all(site, [batch])
    one_job_was_there(history, batch.request_id)
    status_never_went_back(history, batch.request_id)


def test_operator_when_killed_between_output_csv_and_final_status_writes_the_same_bytes_again(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, batch: Accepted
) -> None:
    key = names.result_key(batch.request_id, names.OUTPUT_CSV)
    with locked(site.database_url, PRODUCTS, batch.request_id):
        somebody_waits(site, MOMENT_SECONDS)  # the final transaction, which comes after the files
        before, first = _stored(site, key)
        batch.look(service)
        assert batch.last["status"] == "Processing"
        kill_operator(installation)

    batch.follow(lambda: service, FINISH_SECONDS)
    after, second = _stored(site, key)
    assert after > before, "it was not written again"
    assert first == second
    check_all(site, [batch])
    assert len(_told(site, batch)) == 1
    one_job_was_there(history, batch.request_id)
    status_never_went_back(history, batch.request_id)


def test_operator_when_killed_after_the_receivers_answer_sends_one_duplicate_at_most(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, batch: Accepted
) -> None:
    answer, first = site.receiver.answer, threading.Lock()
    with ExitStack() as stack:

        def held_back(request: Request) -> Reply:
            if first.acquire(blocking=False):  # claimed and sent by now: what is left is to record the answer
                stack.enter_context(locked(site.database_url, DELIVERY, batch.request_id))
            return answer(request)

        site.receiver.answer = held_back
        batch.follow(lambda: service, FINISH_SECONDS)
        somebody_waits(site, MOMENT_SECONDS)
        kill_operator(installation)

    sent_again = LEASE_SECONDS + FINISH_SECONDS
    eventually(
        lambda: len(_told(site, batch)) > 1, sent_again, "the second try of a webhook whose first nobody recorded"
    )
    check_all(site, [batch])
    assert len(_told(site, batch)) == 2
    status_never_went_back(history, batch.request_id)


def _stored(site: Site, key: str) -> tuple[float, bytes]:
    """Return when an object was written and what it holds."""
    with site.s3.client().get_object(site.s3.bucket, key) as answer:
        data = answer.read()
    written_at = site.s3.client().stat_object(site.s3.bucket, key).last_modified
    assert written_at is not None
    return written_at.timestamp(), data


def _told(site: Site, batch: Accepted) -> list[Request]:
    return [each for each in site.receiver.deliveries if batch.request_id.encode() in each.body]
