"""Jobs on a cluster: made once, looked at with their pods, and left alone when they are somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.memory_cluster import MemoryCluster
from support.cluster_batches import PLACE, REQUEST_ID, UID
from support.cluster_jobs import TEMPLATE, job, job_spec, pod

from imagebatch.cluster.client import JOBS, PODS
from imagebatch.model.errors import Refused, Unavailable
from imagebatch_operator.kubernetes_jobs import KubernetesJobs

NAME = f"ib-{REQUEST_ID}"


@pytest.fixture
def cluster() -> MemoryCluster:
    return MemoryCluster()


@pytest.fixture
def kubernetes_jobs(cluster: MemoryCluster) -> KubernetesJobs:
    return KubernetesJobs(cluster, TEMPLATE)


def lists(cluster: MemoryCluster) -> int:
    return cluster.requests.count(("LIST", "pods", ""))


def test_create_when_the_job_is_there_already_does_nothing(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster
) -> None:
    kubernetes_jobs.create(job_spec())
    kubernetes_jobs.create(job_spec(parallelism=9))
    [made] = cluster.made(JOBS)
    assert made["spec"]["parallelism"] == 4


@pytest.mark.parametrize(("is_going", "left"), [(True, 0), (False, 1)])
def test_jobs_when_the_operator_ends_go_only_with_their_namespace(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster, is_going: bool, left: int
) -> None:
    kubernetes_jobs.create(job_spec())
    cluster.is_going = is_going
    kubernetes_jobs.let_namespace_go()
    assert len(cluster.made(JOBS)) == left


def test_create_while_a_job_of_another_owner_is_there_waits(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster
) -> None:
    kubernetes_jobs.create(job_spec(replace(PLACE, uid="another")))
    with pytest.raises(Unavailable, match="in the way"):
        kubernetes_jobs.create(job_spec())
    assert len(cluster.made(JOBS)) == 1


def test_create_while_its_former_job_is_going_waits(kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster) -> None:
    kubernetes_jobs.create(job_spec())
    cluster.edit(JOBS, NAME, metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    with pytest.raises(Unavailable, match="in the way"):
        kubernetes_jobs.create(job_spec())


def test_create_that_went_by_while_asking_waits(kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster) -> None:
    kubernetes_jobs.create(job_spec())

    def meanwhile(verb: str, *_: object) -> None:
        if verb == "GET":
            cluster.remove(JOBS, NAME)

    cluster.meanwhile = meanwhile
    with pytest.raises(Unavailable, match="in the way"):
        kubernetes_jobs.create(job_spec())


def test_create_that_the_cluster_refuses_says_so(kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster) -> None:
    cluster.trouble = Refused("exceeded quota")
    with pytest.raises(Refused, match="quota"):
        kubernetes_jobs.create(job_spec())


def test_view_of_a_job_whose_pods_run_lists_none(kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster) -> None:
    cluster.put(JOBS, job(active=2))
    view = kubernetes_jobs.view(REQUEST_ID)
    assert view is not None
    assert (view.active, lists(cluster)) == (2, 0)


def test_view_of_a_job_that_says_nothing_runs_counts_the_pods_that_do(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster
) -> None:
    cluster.put(JOBS, job(succeeded=10))
    cluster.put(PODS, pod("0", "Succeeded"))
    cluster.put(PODS, pod("1", "Running"))
    cluster.put(PODS, pod("2", request_id=UID))
    cluster.put(PODS, {"metadata": {"name": "stranger", "labels": {"imagebatch.io/request-id": REQUEST_ID}}})
    view = kubernetes_jobs.view(REQUEST_ID)
    assert view is not None
    assert (view.active, view.finished, lists(cluster)) == (1, False, 1)
    cluster.edit(PODS, f"{NAME}-1", status={"phase": "Succeeded"})
    view = kubernetes_jobs.view(REQUEST_ID)
    assert view is not None
    assert view.finished


@pytest.mark.parametrize("going", [True, False])
def test_view_of_a_job_that_was_deleted_is_there_until_its_pods_are_gone(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster, going: bool
) -> None:
    cluster.put(PODS, pod("0"))
    if going:
        cluster.put(JOBS, job(active=1))
        cluster.edit(JOBS, NAME, metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    view = kubernetes_jobs.view(REQUEST_ID)
    assert view is not None
    assert view.active == 1
    cluster.remove(PODS, f"{NAME}-0")
    assert kubernetes_jobs.view(REQUEST_ID) is None


def test_adjust_of_a_job_changes_two_fields_and_no_others(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster
) -> None:
    kubernetes_jobs.create(job_spec())
    before = cluster.made(JOBS)[0]["spec"]
    kubernetes_jobs.adjust(REQUEST_ID, suspended=True, parallelism=1)
    assert cluster.made(JOBS)[0]["spec"] == {**before, "suspend": True, "parallelism": 1}


def test_adjust_and_delete_of_a_job_that_is_gone_do_nothing(
    kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster
) -> None:
    kubernetes_jobs.adjust(REQUEST_ID, suspended=True, parallelism=1)
    kubernetes_jobs.delete(REQUEST_ID)
    kubernetes_jobs.create(job_spec())
    kubernetes_jobs.delete(REQUEST_ID)
    kubernetes_jobs.delete(REQUEST_ID)
    assert cluster.made(JOBS) == []


def test_all_jobs_are_those_of_batches_and_no_others(kubernetes_jobs: KubernetesJobs, cluster: MemoryCluster) -> None:
    kubernetes_jobs.create(job_spec())
    stranger = {**job()["metadata"], "name": "backup"}
    cluster.put(JOBS, {"metadata": {**stranger, "labels": {"app.kubernetes.io/name": "imagebatch"}}})
    without_id = {key: value for key, value in stranger["labels"].items() if not key.startswith("imagebatch.io")}
    cluster.put(JOBS, {"metadata": {**stranger, "name": "restore", "labels": without_id}})
    assert [each["metadata"]["name"] for each in kubernetes_jobs.all()] == [NAME]
