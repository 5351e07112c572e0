"""Pods that the cluster or a person stops at work: their shards go on, and not even one retry is spent on that.

Each shard may be tried once only, so that a stop that counted would lose it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.containers import freeze_container
from support.invariants import check_all
from support.service import FINAL
from support.ten_shards import AT_ONCE, TenShards, ten_shards
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.installation import Installation
    from support.invariants import Site

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images

STOP_SECONDS = 60.0
UNKILLED_SECONDS = 18.0  # what does not obey is killed after 20


@pytest.fixture
def shards(installation: Installation, site: Site) -> Iterator[TenShards]:
    """Four of ten shards have finished half of their images, and are held there."""
    with ten_shards(installation, site, held=True, retriesPerShard=0) as shards:
        shards.until_held()
        yield shards


def test_pod_deleted_by_hand_has_its_shard_go_on_in_another(shards: TenShards) -> None:
    pod = min(shards.pods())
    shards.installation.kubectl("delete", "pod", pod, "--wait=false")
    _until_gone(shards, pod)
    shards.gate.set()
    shards.check(stops=1)


def test_pod_evicted_has_its_shard_go_on_in_another(shards: TenShards) -> None:
    pod = min(shards.pods())
    _evict(shards.installation, pod)
    _until_gone(shards, pod)
    shards.gate.set()
    shards.check(stops=1)


def test_pod_evicted_while_it_is_frozen_and_killed_for_that_has_its_shard_go_on(shards: TenShards) -> None:
    pod, shard = min(shards.pods().items())
    freeze_container(shards.batch.request_id, shard)  # so that it says nothing of having been stopped
    _evict(shards.installation, pod)
    _until_gone(shards, pod)
    shards.gate.set()
    shards.check(stops=1)


def test_batch_suspended_and_resumed_goes_on_where_it_was(shards: TenShards) -> None:
    _ask(shards, "suspend")
    eventually(lambda: not shards.pods(), STOP_SECONDS, "the end of the pods")
    shards.follow(lambda batch: batch.last["reason"] == "Suspended")
    eventually(lambda: _condition(shards, "Suspended") == "True", STOP_SECONDS, "the condition")
    shards.gate.set()
    _ask(shards, "resume")
    shards.check(stops=AT_ONCE)
    assert _condition(shards, "Suspended") == "False"


def test_batch_suspended_as_its_pods_begin_has_them_end_at_once_and_loses_no_try(
    installation: Installation, site: Site
) -> None:
    with ten_shards(installation, site, held=True, retriesPerShard=0) as shards:
        eventually(shards.pods, STOP_SECONDS, "the first pods")
        _ask(shards, "suspend")
        eventually(lambda: not shards.pods(), UNKILLED_SECONDS, "the end of the pods, which are not waited for")
        shards.gate.set()
        _ask(shards, "resume")
        shards.follow()
        assert shards.batch.last["reason"] == "AllSucceeded"
        check_all(site, [shards.batch], stops=AT_ONCE)


def test_parallelism_lowered_from_four_to_one_stops_three_that_go_on_one_by_one(shards: TenShards) -> None:
    shards.patch(parallelism=1)
    eventually(lambda: len(shards.pods()) == 1, STOP_SECONDS, "the end of three pods")
    shards.gate.set()
    shards.follow(lambda _: len(shards.pods()) > 1)
    assert shards.batch.last["status"] in FINAL, "two pods at once"
    shards.check(stops=AT_ONCE - 1)


def _until_gone(shards: TenShards, pod: str) -> None:
    eventually(lambda: pod not in shards.pods(), STOP_SECONDS, f"the end of {pod}")


def _evict(installation: Installation, pod: str) -> None:
    where = {"name": pod, "namespace": installation.namespace}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": where}
    path = f"/api/v1/namespaces/{installation.namespace}/pods/{pod}/eviction"
    installation.cluster.kubectl("create", "--raw", path, "-f", "-", given=json.dumps(eviction))


def _ask(shards: TenShards, change: str) -> None:
    path = f"/requests/{shards.batch.request_id}/{change}"
    answer = shards.site.service().http.post(path)
    assert answer.status_code == 200, answer.text


def _condition(shards: TenShards, kind: str) -> str | None:
    """Return how a condition of the resource stands."""
    conditions = shards.watch.seen[-1].get("conditions", [])
    return next((each["status"] for each in conditions if each["type"] == kind), None)
