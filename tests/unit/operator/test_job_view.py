"""What a Job of the cluster says about its batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cluster_batches import PLACE, REQUEST_ID, UID, batch_of
from support.cluster_jobs import job, job_spec, pod
from support.sample_batches import NOON

from imagebatch.cluster.status import Shown, status_of
from imagebatch.model.batch import Intent, Reason, Resource, Status, Verdict
from imagebatch_operator.job_manifest import count_indexes, is_owned_by, remains_of, still_there, view_of
from imagebatch_operator.lifecycle import Observation, decide


def counts(found: dict[str, Any], pods_left: int = 0) -> tuple[int, int, int, bool]:
    view = view_of(REQUEST_ID, found, pods_left)
    return view.active, view.succeeded, view.failed, view.finished


def test_view_of_a_job_gives_back_what_it_was_made_of() -> None:
    spec = view_of(REQUEST_ID, job(), 0).spec
    assert spec == job_spec(resource=None, active_deadline_seconds=None)


@pytest.mark.parametrize(
    ("found", "pods_left", "expected"),
    [
        (job(), 0, (0, 0, 0, False)),
        (job(active=4, ready=2), 0, (4, 0, 0, False)),
        (job(active=3, terminating=1, succeeded=2), 0, (4, 2, 0, False)),
        (job(active=1, succeeded=8, failed=9, failedIndexes="4"), 0, (1, 8, 1, False)),
        (job(succeeded=5, failedIndexes="1,3-5,9"), 0, (0, 5, 5, True)),
        (job(succeeded=10), 1, (1, 10, 0, False)),
        (job(succeeded=10, terminating=None), 0, (0, 10, 0, True)),
        (job(("SuccessCriteriaMet", "Complete"), succeeded=10), 0, (0, 10, 0, True)),
        (job(("FailureTarget",), succeeded=2, terminating=2), 0, (2, 2, 0, False)),
        (job(("FailureTarget", "Failed"), succeeded=2), 0, (0, 2, 8, True)),
        (job(("FailureTarget", "Failed"), succeeded=7, failedIndexes="1,3-4"), 2, (2, 7, 3, False)),
    ],
    ids=[
        "new",
        "running",
        "one is ending",
        "one given up",
        "all over",
        "a pod is left",
        "all done",
        "complete",
        "its deadline passed",
        "it failed before all ran",
        "failed with pods left",
    ],
)
def test_view_of_a_job_in_each_state_counts_its_shards(
    found: dict[str, Any], pods_left: int, expected: tuple[int, int, int, bool]
) -> None:
    assert counts(found, pods_left) == expected


@pytest.mark.parametrize(
    ("status", "starting"),
    [({}, 0), ({"active": 4}, 4), ({"active": 4, "ready": 3}, 1), ({"active": 1, "ready": 2}, 0)],
)
def test_view_of_a_job_whose_pods_are_not_ready_has_them_starting(status: dict[str, int], starting: int) -> None:
    assert view_of(REQUEST_ID, job(**status), 0).starting == starting


def test_view_of_a_job_that_is_to_rest_is_active_until_its_controller_saw_that() -> None:
    assert counts(job(suspended=True))[0] == 1
    assert counts(job(suspended=True, active=3))[0] == 3
    assert counts(job(("Suspended",), suspended=True))[0] == 0
    assert counts(job(("Suspended",), suspended=True), pods_left=2)[0] == 2
    assert counts(job(("Complete",), suspended=True, succeeded=10)) == (0, 10, 0, True)
    assert view_of(REQUEST_ID, job(suspended=True), 0).spec.suspended


def test_view_of_a_job_that_somebody_changed_is_not_of_the_batch() -> None:
    found = job()
    found["metadata"] = {"name": f"ib-{REQUEST_ID}"}
    found["spec"] = {"template": {}}
    view = view_of(REQUEST_ID, found, 0)
    assert (view.spec.accepted_at, view.spec.shards) == (None, 0)


def test_remains_of_a_job_show_no_shards_and_are_not_deleted_again() -> None:
    view = remains_of(REQUEST_ID, [pod("0")])
    assert view is not None
    ended = replace(batch_of(), verdict=Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, ""))
    decision = decide(ended, Intent(), Observation(view, None), NOON)
    assert (decision.action, decision.watch) == (None, True)
    assert "shards" not in status_of(Shown(ended, 1, None, view), {}, NOON)


def test_remains_of_a_job_that_is_gone_are_its_pods() -> None:
    view = remains_of(REQUEST_ID, [pod("0"), pod("1")])
    assert view is not None
    assert (view.active, view.spec.accepted_at, view.spec.suspended, view.finished) == (2, NOON, True, False)
    assert remains_of(REQUEST_ID, []) is None


def test_pods_that_have_ended_are_not_there_any_more() -> None:
    phases = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
    pods = [pod(phase, phase) for phase in phases]
    nameless = {"metadata": {"name": "new"}}
    left = still_there([*pods, nameless])
    assert left == [pods[0], pods[1], pods[4], nameless]


def test_job_of_a_former_resource_of_the_name_is_not_owned() -> None:
    found = job()
    assert is_owned_by(found, PLACE)
    assert not is_owned_by(found, Resource("shop", PLACE.name, REQUEST_ID))
    assert not is_owned_by(found, None)
    found["metadata"]["ownerReferences"] = [{"uid": UID}]
    assert not is_owned_by(found, PLACE)
    del found["metadata"]["ownerReferences"]
    assert not is_owned_by(found, PLACE)


@pytest.mark.parametrize(("text", "number"), [("", 0), ("0", 1), ("1,3-5", 4), ("0-9", 10), ("7,9,11-12", 4)])
def test_indexes_written_short_are_counted_one_by_one(text: str, number: int) -> None:
    assert count_indexes(text) == number


@given(st.sets(st.integers(0, 200)))
def test_indexes_of_any_set_are_counted_as_many_as_there_are(indexes: set[int]) -> None:
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    text = ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    assert count_indexes(text) == len(indexes)
