"""When a status is written, what it replaces, which events go with it, and when it is looked at again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cluster_batches import at, batch_of, written
from support.sample_batches import DONE, NOON, QUEUED, RUNNING

from imagebatch.cluster.status import Shown, is_news, needs_a_look, status_change, status_of, story
from imagebatch.model.batch import Batch, BatchSpec, Reason, Status, Verdict
from imagebatch.ports import DeliveryState

HOOKED = BatchSpec(webhook_url="https://hooks.example/in")
CANCELLED = Verdict(Status.FAILED, Reason.CANCELLED, "Cancelled; 1 of 3 images succeeded.")
LOST = Verdict(Status.FAILED, Reason.INFRASTRUCTURE_ERROR, "3 shards were lost and no image succeeded.")
DUE = DeliveryState("msg", "https://hooks.example/in", NOON, None, None)
DELIVERED = DeliveryState("msg", "https://hooks.example/in", None, NOON, None)
GIVEN_UP = DeliveryState("msg", "https://hooks.example/in", None, None, NOON)


def status(batch: Batch, before: dict[str, Any] | None = None, delivery: DeliveryState | None = None) -> dict[str, Any]:
    return status_of(Shown(batch, 1, None, None, delivery), before or {}, NOON)


def ended(verdict: Verdict = DONE, delivery: DeliveryState | None = None, **parts: Any) -> dict[str, Any]:
    return status(at(verdict, 2, 1, finished_at=NOON, **parts), delivery=delivery)


def test_status_that_says_the_same_is_no_news() -> None:
    before = status(at(RUNNING, 1))
    assert is_news({}, before)
    assert not is_news(before, status(at(RUNNING, 1), before))


def test_status_that_is_final_never_gives_way_to_another() -> None:
    assert not is_news(ended(), status(at(RUNNING, 1)))
    assert is_news(status(at(RUNNING, 1)), ended())
    assert is_news(ended(delivery=DUE, spec=HOOKED), ended(delivery=DELIVERED, spec=HOOKED))


@pytest.mark.parametrize(
    ("older", "newer"),
    [(at(RUNNING, 1), at(RUNNING, 2)), (at(RUNNING, 1), at(RUNNING, 0, 2)), (at(QUEUED), at(RUNNING))],
)
def test_status_that_is_older_than_what_is_there_is_no_news(older: Batch, newer: Batch) -> None:
    assert is_news(status(older), status(newer))
    assert not is_news(status(newer), status(older))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20))
def test_counts_in_whatever_order_looks_come_never_go_back(looks: list[tuple[int, bool]]) -> None:
    there: dict[str, Any] = {}
    for done, final in looks:
        batch = at(DONE, 3, finished_at=NOON) if final else at(RUNNING, done)
        after = status(batch, there)
        if is_news(there, after):
            assert after["images"]["pending"] <= there.get("images", after["images"])["pending"]
            assert "completionTime" in after or "completionTime" not in there
            there = after


def test_change_of_a_status_holds_for_the_version_that_was_found() -> None:
    found = {**written(), "status": {"status": "Pending", "saved": "1 %"}}
    found["metadata"]["resourceVersion"] = "17"
    assert status_change(found, {"status": "Processing"}) == {
        "metadata": {"resourceVersion": "17"},
        "status": {"status": "Processing", "saved": None},
    }


def test_story_of_a_batch_tells_each_turn_once() -> None:
    accepted = status(batch_of())
    assert list(story({}, accepted)) == [("Normal", "Accepted", "Accepted.")]
    running, further = status(at(RUNNING, 1)), status(at(RUNNING, 2))
    assert [reason for _, reason, _ in story(accepted, running)] == ["Running"]
    assert list(story(running, further)) == []
    assert [(kind, reason) for kind, reason, _ in story(further, ended())] == [("Normal", "PartiallySucceeded")]


@pytest.mark.parametrize(("verdict", "kind"), [(LOST, "Warning"), (CANCELLED, "Normal")])
def test_story_of_a_failed_batch_warns_unless_people_wanted_it(verdict: Verdict, kind: str) -> None:
    assert list(story(status(at(RUNNING, 1)), ended(verdict))) == [(kind, verdict.reason, verdict.message)]


@pytest.mark.parametrize(
    ("delivery", "told"), [(DELIVERED, ("Normal", "WebhookDelivered")), (GIVEN_UP, ("Warning", "WebhookGivenUp"))]
)
def test_story_of_a_webhook_tells_its_end_once(delivery: DeliveryState, told: tuple[str, str]) -> None:
    waiting, over = ended(delivery=DUE, spec=HOOKED), ended(delivery=delivery, spec=HOOKED)
    assert list(story(status(at(RUNNING, 1)), waiting))[1:] == []
    assert [(kind, reason) for kind, reason, _ in story(waiting, over)] == [told]
    assert list(story(over, over)) == []


def test_story_of_a_webhook_that_is_sent_again_tells_the_next_end_too() -> None:
    given_up, again = ended(delivery=GIVEN_UP, spec=HOOKED), ended(delivery=DUE, spec=HOOKED)
    assert list(story(given_up, again)) == []
    assert [reason for _, reason, _ in story(again, ended(delivery=DELIVERED, spec=HOOKED))] == ["WebhookDelivered"]


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (None, ("Unknown", "NotYet", "The webhook is sent when the batch ends.")),
        (DUE, ("Unknown", "NotYet", "The webhook is being sent.")),
        (DELIVERED, ("True", "Delivered", "Delivered at 2026-03-04T12:00:00Z.")),
        (GIVEN_UP, ("False", "GivenUp", "The receiver did not take it; no try is left.")),
    ],
)
def test_webhook_condition_in_each_state_says_where_it_stands(
    delivery: DeliveryState | None, said: tuple[str, str, str]
) -> None:
    [condition] = [each for each in ended(delivery=delivery, spec=HOOKED)["conditions"] if "Webhook" in each["type"]]
    assert (condition["status"], condition["reason"], condition["message"]) == said


def test_webhook_condition_without_a_receiver_is_not_there() -> None:
    assert "WebhookDelivered" not in [each["type"] for each in ended()["conditions"]]


@pytest.mark.parametrize(
    ("shown", "spec", "looked_at"),
    [
        ({}, {}, True),
        (status(at(RUNNING, 1)), {}, True),
        (ended(), {}, False),
        (ended(), {"ttlSecondsAfterFinished": 60}, False),
        (ended(), {"ttlSecondsAfterFinished": 0}, True),
        (ended(delivery=DUE, spec=HOOKED), {}, True),
        (ended(delivery=DELIVERED, spec=HOOKED), {}, False),
        (ended(delivery=GIVEN_UP, spec=HOOKED), {}, False),
    ],
    ids=["new", "running", "ended", "with a time to go", "past its time", "to be sent", "delivered", "given up"],
)
def test_look_at_a_resource_is_needed_while_more_may_happen(
    shown: dict[str, Any], spec: dict[str, Any], looked_at: bool
) -> None:
    resource = written(source={"inline": "x"}, **spec)
    found = {**resource, **({"status": shown} if shown else {})}
    now = datetime.fromisoformat(shown["completionTime"]) if "completionTime" in shown else NOON
    assert needs_a_look(found, now) is looked_at


def test_moment_of_a_status_is_in_whole_seconds_of_utc() -> None:
    late = at(DONE, 2, 1, finished_at=NOON + timedelta(microseconds=999_999))
    assert status(late)["completionTime"] == "2026-03-04T12:00:00Z"
