"""The verdicts: the first rule that fits at the end, and the four words on the way there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.batch import Counts, Intent, Reason, Status
from imagebatch.model.status import Ending, final_verdict, live_verdict

ALL, SOME, NONE = Counts(10, 10, 0), Counts(10, 6, 4), Counts(10, 0, 10)


@pytest.mark.parametrize(
    ("ending", "status", "reason"),
    [
        (Ending(ALL), Status.COMPLETED, Reason.ALL_SUCCEEDED),
        (Ending(SOME), Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED),
        (Ending(NONE), Status.FAILED, Reason.NOTHING_SUCCEEDED),
        (Ending(NONE, shards_lost=1), Status.FAILED, Reason.INFRASTRUCTURE_ERROR),
        (Ending(SOME, shards_lost=1), Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED),
        (Ending(SOME, failure_threshold_percent=39), Status.FAILED, Reason.FAILURE_THRESHOLD),
        (Ending(SOME, failure_threshold_percent=40), Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED),
        (Ending(ALL, failure_threshold_percent=0), Status.COMPLETED, Reason.ALL_SUCCEEDED),
        (Ending(SOME, deadline_passed=True), Status.FAILED, Reason.DEADLINE_EXCEEDED),
        (Ending(NONE, deadline_passed=True, shards_lost=3), Status.FAILED, Reason.DEADLINE_EXCEEDED),
        (Ending(SOME, cancelled=True, deadline_passed=True), Status.FAILED, Reason.CANCELLED),
    ],
)
def test_final_verdict_is_the_first_rule_that_fits(ending: Ending, status: Status, reason: Reason):
    verdict = final_verdict(ending)
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.message


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_live_verdict_is_never_final_and_processing_once_started(
    started: bool, has_job: bool, cancel: bool, suspend: bool
):
    intent = Intent(cancel=cancel, suspend=suspend)
    verdict = live_verdict(SOME, intent, started=started, has_job=has_job)
    assert not verdict.status.is_final
    assert not started or verdict.status is Status.PROCESSING


@pytest.mark.parametrize(
    ("intent", "started", "has_job", "status", "reason"),
    [
        (Intent(), False, False, Status.PENDING, Reason.ACCEPTED),
        (Intent(), False, True, Status.PENDING, Reason.QUEUED),
        (Intent(), True, True, Status.PROCESSING, Reason.RUNNING),
        (Intent(suspend=True), False, True, Status.PENDING, Reason.SUSPENDED),
        (Intent(suspend=True), True, True, Status.PROCESSING, Reason.SUSPENDED),
        (Intent(cancel=True), True, True, Status.PROCESSING, Reason.CANCELLING),
    ],
)
def test_live_verdict_tells_why(intent: Intent, started: bool, has_job: bool, status: Status, reason: Reason):
    verdict = live_verdict(SOME, intent, started=started, has_job=has_job)
    assert (verdict.status, verdict.reason) == (status, reason)
