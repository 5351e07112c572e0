"""The Job of a batch deleted by hand while it works."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.accepted import fetched_again, send
from support.cluster_history import ClusterHistory, status_never_went_back
from support.invariants import Site, check_all

from imagebatch.model.names import job_name

if TYPE_CHECKING:
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

IMAGES = 600
MIDDLE = 100
SHARDS_AT_ONCE = 4
FINISH_SECONDS = 300.0


def test_job_when_deleted_by_hand_is_made_anew_once_the_old_one_is_gone(
    installation: Installation, site: Site, service: Service, history: ClusterHistory
) -> None:
    batch = send(service, site.source, IMAGES, site.receiver.address, delay_seconds=0.3)
    batch.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done > MIDDLE)
    assert batch.last["status"] == "Processing"

    installation.kubectl("delete", "job", job_name(batch.request_id), "--wait=false")

    batch.follow(lambda: service, FINISH_SECONDS)
    assert batch.last["reason"] == "AllSucceeded"
    print(f"{fetched_again(site.source, batch)} of {IMAGES} images fetched again")
    check_all(site, [batch], stops=SHARDS_AT_ONCE)
    status_never_went_back(history, batch.request_id)
    old, new = history.jobs(batch.request_id)
    made_at = _moment(new["metadata"]["creationTimestamp"])
    of_the_old = [pod for pod in history.last_of_each_pod(batch.request_id) if _owner(pod) == old["metadata"]["uid"]]
    ends = [_ended_at(pod) for pod in of_the_old if pod["status"].get("containerStatuses")]  # the others never began
    assert ends
    assert max(ends) <= made_at, "pods of both Jobs ran at once"


def _owner(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["ownerReferences"][0]["uid"])


def _ended_at(pod: dict[str, Any]) -> datetime:
    [container] = pod["status"]["containerStatuses"]
    return _moment(container["state"]["terminated"]["finishedAt"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
