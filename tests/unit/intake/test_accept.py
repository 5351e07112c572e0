from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import replace

import pytest
from fakes.manual_clock import START, ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryRegistry
from fakes.memory_store import MemoryBlobStore
from support.sample_batches import end

from imagebatch import intake
from imagebatch.model.batch import BatchSpec, Counts, Intent, Progress, Resource
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import InvalidRequest, Unavailable
from imagebatch.model.names import images_key, input_key, plan_key
from imagebatch.model.plan import Plan
from imagebatch.ports import NewBatch

CSV = b'S. No.,Product Name,Input Image Urls\n1,Lamp,"https://a.example/1.jpg,https://a.example/2.jpg"\n'


class Desk:
    """Intake with everything it needs."""

    def __init__(self) -> None:
        self.request_id = str(uuid.uuid4())
        self.store = MemoryBlobStore()
        self.batches = MemoryBatches()
        self.registry = MemoryRegistry("shop")
        self.place = Resource("shop", f"ib-{self.request_id}")

    def accept(self, data: bytes = CSV) -> NewBatch:
        return intake.accept(
            self.request_id,
            data,
            BatchSpec(),
            "alice",
            store=self.store,
            batches=self.batches,
            registry=self.registry,
            limits=CsvLimits(),
            clock=ManualClock(),
        )

    def declare(self) -> None:
        intake.declare(self.request_id, self.batches, self.registry)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_valid_csv_when_accepted_stores_the_input_the_images_and_the_plan(desk: Desk) -> None:
    desk.accept()

    assert desk.store.get(input_key(desk.request_id)) == CSV
    plan = Plan.from_json(desk.store.get(plan_key(desk.request_id)))
    assert (plan.request_id, plan.images, plan.slots) == (desk.request_id, 2, 2)
    assert len(desk.store.get(images_key(desk.request_id)).splitlines()) == 2


def test_a_valid_csv_when_accepted_is_a_batch_of_its_owner(desk: Desk) -> None:
    made = desk.accept()

    sha256 = hashlib.sha256(CSV).hexdigest()
    assert made == NewBatch(
        desk.request_id, "alice", BatchSpec(), sha256, Progress(Counts(2)), START, resource=desk.place
    )
    assert desk.batches.get(desk.request_id, frozenset({"alice"})).progress.counts.total == 2
    assert [row.product_name for row in desk.batches.rows[desk.request_id]] == ["Lamp"]


def test_a_batch_when_accepted_has_its_place_and_waits_for_no_cluster(desk: Desk) -> None:
    desk.registry.trouble = AssertionError("the cluster was asked")

    desk.accept()

    assert desk.batches.get(desk.request_id).resource == desk.place


def test_a_batch_when_declared_has_the_uid_in_its_row(desk: Desk) -> None:
    desk.accept()
    desk.declare()

    uid = desk.registry.declared[desk.request_id]
    assert desk.batches.get(desk.request_id).resource == replace(desk.place, uid=uid)


def test_a_batch_that_has_ended_is_declared_no_more(desk: Desk) -> None:
    desk.accept()
    desk.batches.finish(desk.request_id, end(), [])
    desk.declare()

    assert desk.registry.declared == {}


def test_a_batch_suspended_while_it_is_declared_rests_when_it_is(desk: Desk) -> None:
    desk.registry.meanwhile = lambda: desk.batches.record_intent(desk.request_id, START, suspend=True, parallelism=4)

    desk.accept()
    desk.declare()

    assert desk.registry.wanted == Intent(suspend=True)


def test_an_invalid_csv_when_refused_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(InvalidRequest):
        desk.accept(b"not,a,catalogue\n")

    assert (desk.store.calls, desk.batches.batches, desk.registry.declared) == ([], {}, {})


def test_a_batch_when_the_store_is_down_is_not_accepted(desk: Desk) -> None:
    desk.store.outage = Unavailable("gone", dependency="store")

    with pytest.raises(Unavailable):
        desk.accept()

    assert desk.batches.batches == {}


def test_objects_when_the_database_is_down_are_stored_already(desk: Desk) -> None:
    desk.batches.outage = Unavailable("gone", dependency="database")

    with pytest.raises(Unavailable):
        desk.accept()

    assert {key for _, key in desk.store.calls} == {make(desk.request_id) for make in (input_key, images_key, plan_key)}
    assert desk.registry.declared == {}


def test_the_same_request_when_accepted_again_writes_the_same_bytes(desk: Desk) -> None:
    desk.accept()
    first = [desk.store.get(info.key) for info in desk.store.list("")]
    desk.accept()

    assert [desk.store.get(info.key) for info in desk.store.list("")] == first
    assert len(desk.batches.batches) == 1


def test_a_batch_when_its_declaration_fails_is_accepted_all_the_same(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.registry.trouble = Unavailable("gone", dependency="cluster")

    desk.accept()
    with caplog.at_level(logging.WARNING):
        desk.declare()

    assert desk.batches.get(desk.request_id).owner == "alice"
    assert desk.request_id in caplog.text
