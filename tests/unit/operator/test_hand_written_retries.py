"""A retry written by hand, and resources that look as if the API had made them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.intake_desk import CSV, IntakeDesk

from imagebatch.cluster.client import IMAGE_BATCHES
from imagebatch.model.batch import Batch, Reason, Resource
from imagebatch.model.errors import Unavailable
from imagebatch.model.names import input_key, plan_key, retry_id
from imagebatch.model.plan import Plan

INLINE = {"inline": CSV}


@pytest.fixture
def desk() -> IntakeDesk:
    return IntakeDesk()


@pytest.fixture
def parent(desk: IntakeDesk) -> Batch:
    """A batch of two images that has ended with the second one failed."""
    return desk.end(desk.taken(source=INLINE, output={"quality": 80}), 1)


def reason(desk: IntakeDesk, request_id: str) -> tuple[Reason, str]:
    verdict = desk.database.batches.get(request_id).verdict
    return verdict.reason, verdict.message


def test_retry_of_a_batch_of_the_namespace_does_its_failed_images(desk: IntakeDesk, parent: Batch) -> None:
    retry = desk.taken(name="again", retryOf=parent.request_id, parallelism=1)
    assert (retry.retry_of, retry.owner) == (parent.request_id, "k8s:shop")
    assert retry.resource == Resource("shop", "again", retry.request_id)
    assert (retry.spec.output.quality, retry.spec.parallelism) == (80, 1)
    assert (retry.progress.counts.succeeded, retry.progress.counts.pending) == (1, 1)
    plan = Plan.from_json(desk.store.get(plan_key(retry.request_id)))
    assert [shard.count for shard in plan.shards] == [1]


def test_retry_of_what_the_api_accepted_in_the_namespace_is_taken_too(desk: IntakeDesk, parent: Batch) -> None:
    desk.database.batches.batches[parent.request_id] = replace(parent, owner="alice")
    assert desk.taken(name="again", retryOf=parent.request_id).owner == "k8s:shop"


@pytest.mark.parametrize("place", [None, Resource("elsewhere", "mugs", "uid")])
def test_retry_of_somebody_elses_batch_is_as_of_one_that_is_not_there(
    desk: IntakeDesk, parent: Batch, place: Resource | None
) -> None:
    desk.database.batches.batches[parent.request_id] = replace(parent, owner="alice", resource=place)
    request_id = desk.write("again", retryOf=parent.request_id)
    with pytest.raises(Unavailable, match="there is no request"):
        desk.intake.take_in(request_id)
    desk.clock.pass_(300)
    assert desk.intake.take_in(request_id)
    assert reason(desk, request_id)[0] is Reason.INVALID_SOURCE


def test_retry_of_a_batch_that_still_runs_is_refused(desk: IntakeDesk) -> None:
    running = desk.taken(source=INLINE)
    retry = desk.taken(name="again", retryOf=running.request_id)
    assert reason(desk, retry.request_id) == (Reason.INVALID_SOURCE, "The request has not ended yet.")
    assert retry.retry_of is None


def test_retry_of_a_batch_without_failures_is_refused(desk: IntakeDesk) -> None:
    whole = desk.end(desk.taken(source=INLINE))
    retry = desk.taken(name="again", retryOf=whole.request_id)
    assert reason(desk, retry.request_id) == (Reason.INVALID_SOURCE, "No image of the request failed.")


def test_retry_of_what_had_no_valid_source_is_refused(desk: IntakeDesk) -> None:
    invalid = desk.taken(source={"inline": "x"})
    retry = desk.taken(name="again", retryOf=invalid.request_id)
    assert reason(desk, retry.request_id)[1] == "The request has no images: its source was invalid."


def test_retry_of_a_batch_that_was_deleted_is_as_of_one_that_is_not_there(desk: IntakeDesk, parent: Batch) -> None:
    desk.database.archive.mark_deleted(parent.request_id, frozenset({"k8s:shop"}), desk.clock.now())
    request_id = desk.write("again", retryOf=parent.request_id)
    with pytest.raises(Unavailable, match="there is no request"):
        desk.intake.take_in(request_id)


def test_retry_while_another_makes_it_is_tried_again(desk: IntakeDesk, parent: Batch) -> None:
    request_id = desk.write("again", retryOf=parent.request_id)
    desk.database.batches.locked = True
    with pytest.raises(Unavailable, match="being made by another call"):
        desk.intake.take_in(request_id)
    desk.database.batches.locked = False
    assert desk.intake.take_in(request_id)


def test_imitation_of_what_the_api_makes_is_a_request_of_its_own(desk: IntakeDesk) -> None:
    stranger = "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"
    desk.store.put(input_key(stranger), CSV.encode(), "text/csv")
    source = {"objectKey": input_key(stranger), "sha256": "ab" * 32}
    claimed = desk.write(f"ib-{stranger}", source=source)
    assert claimed == stranger
    assert desk.intake.take_in(claimed) is False
    uid = desk.cluster.made(IMAGE_BATCHES)[0]["metadata"]["uid"]
    assert stranger not in desk.database.batches.batches
    assert "must lie under inbox/" in reason(desk, uid)[1]
    assert desk.intake.take_in(claimed) is False


def test_imitation_of_the_apis_retry_is_a_retry_of_its_own(desk: IntakeDesk, parent: Batch) -> None:
    claimed = desk.write(f"ib-{retry_id(parent.request_id)}", retryOf=parent.request_id)
    assert claimed == retry_id(parent.request_id)
    assert desk.intake.take_in(claimed) is False
    [uid] = [each["metadata"]["uid"] for each in desk.cluster.made(IMAGE_BATCHES) if "retryOf" in each["spec"]]
    assert desk.database.batches.get(uid).retry_of == parent.request_id
    assert claimed not in desk.database.batches.batches


def test_resource_whose_name_a_request_of_the_api_has_is_that_requests(desk: IntakeDesk, parent: Batch) -> None:
    claimed = desk.write(f"ib-{parent.request_id}", source={"objectKey": input_key(parent.request_id), "sha256": "x"})
    assert claimed == parent.request_id
    assert desk.intake.take_in(claimed) is False
    assert len(desk.database.batches.batches) == 1
