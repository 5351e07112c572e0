"""Fifty batches sent at the same time: all finish, each by one Job; what that takes of the operator is printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.accepted import Accepted, send
from support.cluster_history import ClusterHistory, one_job_was_there, status_never_went_back
from support.invariants import Site, check_all
from support.operator_metrics import Reading, peak_memory_bytes, reading

from imagebatch.model.names import job_name

if TYPE_CHECKING:
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_800)

BATCHES = 50
FEWEST_IMAGES, MOST_IMAGES = 4, 20
FINISH_SECONDS = 900
ANSWER_SECONDS = 120.0  # fifty uploads at once, beside whatever else the node has to do
MEBIBYTE = 2**20


def test_batches_when_fifty_come_at_once_all_finish(
    installation: Installation,
    site: Site,
    service: Service,
    history: ClusterHistory,
    record_property: Callable[[str, object], None],
) -> None:
    service.http.timeout = ANSWER_SECONDS
    before, started_at = reading(installation), time.monotonic()
    with ThreadPoolExecutor(BATCHES) as pool:
        batches = list(pool.map(lambda number: _sent(service, site, number), range(BATCHES)))
    accepted_seconds = time.monotonic() - started_at
    _wait_until_all_are_complete(installation, batches)
    took_seconds = time.monotonic() - started_at
    counted = reading(installation).since(before)

    for name, value in _told(counted, accepted_seconds, took_seconds).items():
        print(f"{name}: {value}")
        record_property(name, value)
    memory = peak_memory_bytes(installation, "operator")
    print(f"operator memory, at its peak: {memory / MEBIBYTE:.0f} MiB")
    record_property("operator memory bytes", memory)
    for batch in batches:
        batch.look(service)
        assert batch.last["reason"] == "AllSucceeded"
        one_job_was_there(history, batch.request_id)
        status_never_went_back(history, batch.request_id)
    check_all(site, batches)


def _sent(service: Service, site: Site, number: int) -> Accepted:
    images = FEWEST_IMAGES + number % (MOST_IMAGES - FEWEST_IMAGES + 1)
    return send(service, site.source, images, site.receiver.address, f"b{number}-")


def _wait_until_all_are_complete(installation: Installation, batches: list[Accepted]) -> None:
    named = [f"imagebatch/{job_name(batch.request_id)}" for batch in batches]
    installation.kubectl(
        "wait", "--for=condition=Complete", f"--timeout={FINISH_SECONDS}s", *named, seconds=FINISH_SECONDS + 30
    )


def _told(counted: Reading, accepted_seconds: float, took_seconds: float) -> dict[str, str]:
    requests = counted.by("imagebatch_cluster_requests_total", "verb", "resource")
    refused = counted.by("imagebatch_cluster_requests_total", "code")
    each = ", ".join(f"{verb} {resource} {n}" for (verb, resource), n in requests.most_common())
    codes = ", ".join(f"{code} {n}" for (code,), n in refused.most_common())
    return {
        "time": f"{accepted_seconds:.1f} s to accept {BATCHES} batches, {took_seconds:.1f} s until all were Complete",
        "reconcile": str(counted.histogram("imagebatch_reconcile_seconds")),
        "queue lag": str(counted.histogram("imagebatch_queue_lag_seconds")),
        "API server requests": f"{requests.total()}, {requests.total() / took_seconds:.1f} a second",
        "by verb and resource": each,
        "by code": codes,
    }
