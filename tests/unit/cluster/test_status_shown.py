"""The status of a resource: what the row says, in fields that fit the definition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.cluster_batches import REQUEST_ID, at, batch_of, written
from support.resource_definition import faults
from support.sample_batches import DONE, NOON, QUEUED, RUNNING

from imagebatch.cluster.status import Shown, status_of
from imagebatch.model.batch import Batch, Bytes, Counts, Intent, Progress, Reason, Status, Verdict
from imagebatch.ports import JobSpec, JobView

JOB = JobView(JobSpec(REQUEST_ID, 3, 4, 5), active=1, succeeded=1, failed=1)
LINK = "https://images.example/results/x/output.csv?t=abc"
RESTING = Verdict(Status.PROCESSING, Reason.SUSPENDED, "Suspended; 1 of 3 images are done.")


def shown(batch: Batch, job: JobView | None = None, before: dict[str, Any] | None = None, **parts: Any) -> Any:
    """The status of a batch, which must fit the definition."""
    status = status_of(Shown(batch, 2, parts.pop("result_url", None), job, **parts), before or {}, NOON)
    assert faults({**written(), "status": status}) == []
    return status


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(each for each in status["conditions"] if each["type"] == kind)


def test_status_of_an_accepted_batch_says_that_nothing_ran_yet() -> None:
    status = shown(batch_of())
    conditions = status.pop("conditions")
    assert status == {
        "observedGeneration": 2,
        "requestId": REQUEST_ID,
        "status": "Pending",
        "reason": "Accepted",
        "message": "Accepted.",
        "progress": "0/3",
        "images": {"total": 3, "pending": 3, "succeeded": 0, "failed": 0},
        "bytes": {"input": 0, "output": 0},
    }
    assert {each["type"]: each["status"] for each in conditions} == {
        "Accepted": "True",
        "Suspended": "False",
        "ResultsPublished": "False",
        "Complete": "False",
        "Failed": "False",
    }


def test_status_of_a_running_batch_tells_its_counts_its_job_and_its_start() -> None:
    status = shown(at(RUNNING, 1, started_at=NOON + timedelta(seconds=4)), JOB)
    assert (status["progress"], status["saved"]) == ("1/3", "60 %")
    assert status["shards"] == {"total": 3, "succeeded": 1, "failed": 1}
    assert status["jobName"] == f"ib-{REQUEST_ID}"
    assert status["startTime"] == "2026-03-04T12:00:04Z"
    assert "completionTime" not in status


def test_status_of_a_batch_whose_job_is_gone_keeps_what_was_known_of_it() -> None:
    before = shown(at(RUNNING, 1), JOB)
    after = shown(at(DONE, 2, 1, finished_at=NOON), None, before)
    assert (after["jobName"], after["shards"]) == (before["jobName"], before["shards"])
    assert after["completionTime"] == "2026-03-04T12:00:00Z"


def test_status_of_a_batch_that_never_had_a_job_names_none() -> None:
    invalid = Verdict(Status.FAILED, Reason.INVALID_SOURCE, "The CSV has no rows.")
    status = shown(batch_of(verdict=invalid, progress=Progress(Counts(0)), finished_at=NOON))
    assert not {"jobName", "startTime", "shards", "saved", "resultUrl"} & status.keys()
    assert condition(status, "Accepted")["status"] == "False"
    assert condition(status, "Accepted")["message"] == "The CSV has no rows."
    assert condition(status, "Failed")["reason"] == "InvalidSource"


def test_status_of_a_completed_batch_links_its_result() -> None:
    status = shown(at(DONE, 2, 1, has_result=True, finished_at=NOON), result_url=LINK)
    assert status["resultUrl"] == LINK
    assert [condition(status, kind)["status"] for kind in ("ResultsPublished", "Complete", "Failed")] == [
        "True",
        "True",
        "False",
    ]


def test_suspended_while_shards_are_stopping_is_not_true_yet() -> None:
    batch = at(RESTING, 1, intent=Intent(suspend=True))
    stopping = condition(shown(batch, JOB), "Suspended")
    assert (stopping["status"], stopping["reason"]) == ("False", "Stopping")
    assert condition(shown(batch, replace(JOB, active=0)), "Suspended")["status"] == "True"
    assert condition(shown(batch, None), "Suspended")["status"] == "True"


def test_suspended_once_the_batch_has_ended_is_false() -> None:
    status = shown(at(DONE, 2, 1, intent=Intent(suspend=True), finished_at=NOON))
    assert condition(status, "Suspended")["status"] == "False"


@pytest.mark.parametrize(("size", "saved"), [(Bytes(3, 1), "67 %"), (Bytes(2, 3), "-50 %"), (Bytes(1, 10**18), None)])
def test_saved_of_any_sizes_fits(size: Bytes, saved: str | None) -> None:
    status = shown(batch_of(progress=Progress(Counts(3, 1), size)))
    assert saved in (status["saved"], None)


def test_status_with_everything_at_its_longest_fits() -> None:
    verdict = Verdict(Status.FAILED, Reason.INVALID_SOURCE, "ß" * 100_000)
    counts = Progress(Counts(10**18, 10**18), Bytes(10**18, 10**18))
    batch = batch_of(verdict=verdict, progress=counts, has_result=True, finished_at=NOON, started_at=NOON)
    status = shown(batch, JOB, result_url="https://images.example/" + "x" * 8_000)
    assert len(status["message"]) == 8_192


def test_status_of_the_same_facts_is_the_same_later() -> None:
    batch = Shown(at(QUEUED), 2, None, JOB)
    before = status_of(batch, {}, NOON)
    assert status_of(batch, before, NOON + timedelta(hours=1)) == before


def test_transition_time_when_only_the_reason_changes_stays() -> None:
    before = status_of(Shown(at(QUEUED), 1, None), {}, NOON)
    running = status_of(Shown(at(RUNNING, 1), 1, None), before, NOON + timedelta(minutes=1))
    assert condition(running, "Complete")["reason"] == "Running"
    assert condition(running, "Complete")["lastTransitionTime"] == "2026-03-04T12:00:00Z"
    done = status_of(Shown(at(DONE, 2, 1, finished_at=NOON), 1, None), running, NOON + timedelta(minutes=2))
    assert condition(done, "Complete")["lastTransitionTime"] == "2026-03-04T12:02:00Z"
    assert condition(done, "Failed")["lastTransitionTime"] == "2026-03-04T12:00:00Z"
