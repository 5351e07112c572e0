"""The end of a release on a cluster: its Jobs go once no operator can make them anew, and only in good time."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_cluster import MemoryCluster
from support.cluster_jobs import job, pod

from imagebatch.cluster.client import IMAGE_BATCHES, JOBS, PODS
from imagebatch.model.errors import Refused
from imagebatch_operator import uninstall

OPERATOR = "app.kubernetes.io/component=operator"
OPERATORS_POD = {
    "metadata": {"name": "operator-0", "labels": {"app.kubernetes.io/component": "operator"}},
    "status": {"phase": "Running"},
}


@pytest.fixture
def cluster() -> MemoryCluster:
    """A Job with a pod, as the operator left them, and what nobody may touch."""
    cluster = MemoryCluster()
    cluster.put(JOBS, job(active=1))
    cluster.put(PODS, pod("0"))
    cluster.put(JOBS, {"metadata": {"name": "backup", "labels": {"app.kubernetes.io/name": "imagebatch"}}})
    cluster.put(IMAGE_BATCHES, {"metadata": {"name": "ib-1"}, "spec": {}})
    return cluster


class Passing(ManualClock):
    """What happens on the cluster while the program waits, second by second."""

    def __init__(self, cluster: MemoryCluster, *happens: Any) -> None:
        super().__init__()
        self._cluster, self._happens = cluster, list(happens)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._happens:
            self._happens.pop(0)(self._cluster)


def pods_go(cluster: MemoryCluster) -> None:
    for each in cluster.made(PODS):
        cluster.remove(PODS, each["metadata"]["name"])


def names(cluster: MemoryCluster) -> list[str]:
    return [each["metadata"]["name"] for each in cluster.made(JOBS)]


def deletes(cluster: MemoryCluster) -> list[tuple[str, str]]:
    return [(plural, name) for verb, plural, name in cluster.requests if verb == "DELETE"]


def test_jobs_when_no_operator_is_left_go_and_their_pods_are_waited_for(cluster: MemoryCluster) -> None:
    clock = Passing(cluster, lambda _: None, pods_go)
    assert uninstall.end_jobs(cluster, OPERATOR, clock)
    assert deletes(cluster) == [("jobs", job()["metadata"]["name"])]
    assert names(cluster) == ["backup"]
    assert clock.monotonic() == 2
    assert len(cluster.made(IMAGE_BATCHES)) == 1


def test_jobs_while_an_operator_is_there_stay(cluster: MemoryCluster) -> None:
    cluster.put(PODS, OPERATORS_POD)
    clock = Passing(cluster)
    assert not uninstall.end_jobs(cluster, OPERATOR, clock)
    assert deletes(cluster) == []
    assert clock.monotonic() == uninstall.PATIENCE_SECONDS


def test_jobs_when_the_operator_stops_late_go_after_it(cluster: MemoryCluster) -> None:
    cluster.put(PODS, OPERATORS_POD)
    clock = Passing(cluster, lambda _: None, lambda each: each.remove(PODS, "operator-0"), pods_go)
    assert uninstall.end_jobs(cluster, OPERATOR, clock)
    assert names(cluster) == ["backup"]


def test_pod_of_an_operator_that_has_ended_makes_nothing_anew(cluster: MemoryCluster) -> None:
    cluster.put(PODS, {**OPERATORS_POD, "status": {"phase": "Failed"}})
    assert uninstall.end_jobs(cluster, OPERATOR, Passing(cluster, pods_go))


def test_job_that_is_going_is_waited_for_and_not_deleted_again(cluster: MemoryCluster) -> None:
    cluster.edit(JOBS, job()["metadata"]["name"], metadata={"finalizers": ["example.com/hold"]})
    assert not uninstall.end_jobs(cluster, OPERATOR, Passing(cluster, pods_go))
    assert len(deletes(cluster)) == 1


def test_role_that_is_not_known_at_once_is_waited_for(cluster: MemoryCluster) -> None:
    cluster.trouble = Refused("GET pods: 403 forbidden")

    def known(each: MemoryCluster) -> None:
        each.trouble = None

    assert uninstall.end_jobs(cluster, OPERATOR, Passing(cluster, known, pods_go))


def test_release_without_a_job_is_done_with_at_once() -> None:
    assert uninstall.end_jobs(MemoryCluster(), OPERATOR, Passing(MemoryCluster()))


def test_program_without_a_namespace_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IMAGEBATCH_NAMESPACE", raising=False)
    monkeypatch.setattr("sys.argv", ["uninstall", OPERATOR])
    assert uninstall.main() == uninstall.MISCONFIGURED_EXIT
    assert "IMAGEBATCH_NAMESPACE is not set" in capsys.readouterr().err
