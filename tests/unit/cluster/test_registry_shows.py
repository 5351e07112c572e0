"""The status of a resource: written when it says something new, told as events after that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_cluster import MemoryCluster
from fakes.memory_database import MemoryDatabase
from support.cluster_batches import declared_with, written
from support.resource_definition import faults
from support.sample_batches import NOON, QUEUED, RUNNING, delivery_of, end, progress, slots

from imagebatch.cluster import ClusterRegistry
from imagebatch.cluster.client import EVENTS, IMAGE_BATCHES
from imagebatch.model.batch import Batch, Resource
from imagebatch.model.errors import NotFound, Refused, Unavailable
from imagebatch.ports import DeliveryAttempt


@pytest.fixture
def batch(registry: ClusterRegistry, database: MemoryDatabase) -> Batch:
    return declared_with(database, registry)


def shown(cluster: MemoryCluster) -> dict[str, object]:
    [found] = cluster.made(IMAGE_BATCHES)
    assert faults(found) == []
    return found.get("status", {})


def test_show_when_nothing_changed_writes_once(registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch) -> None:
    registry.show(batch, None)
    registry.show(batch, None)
    assert cluster.writes() == [f"{batch.resource.name}/status"]
    assert cluster.told() == [("Normal", "Accepted")]
    assert shown(cluster)["status"] == "Pending"


def test_show_after_the_intent_was_read_reads_the_resource_once(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    registry.intent(batch)
    registry.show(batch, None)
    assert [verb for verb, plural, _ in cluster.requests if plural == "imagebatches"] == ["POST", "GET", "PATCH"]


def test_show_of_a_batch_that_ended_links_its_result_and_follows_its_webhook(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster, batch: Batch
) -> None:
    database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
    registry.show(database.batches.get(batch.request_id), None)
    link = f"https://images.example/results/{batch.request_id}/output.csv?t="
    assert str(shown(cluster)["resultUrl"]).startswith(link)
    delivery = database.deliveries.claim(NOON, 60)
    assert delivery is not None
    database.deliveries.record_attempt(delivery, DeliveryAttempt(1, NOON, 5, 200), delivered=True)
    registry.show(database.batches.get(batch.request_id), None)
    assert cluster.told() == [("Normal", "PartiallySucceeded"), ("Normal", "WebhookDelivered")]


def test_show_of_what_is_older_than_the_end_writes_nothing(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster, batch: Batch
) -> None:
    database.batches.finish(batch.request_id, end(), slots())
    registry.show(database.batches.get(batch.request_id), None)
    registry.show(replace(batch, verdict=RUNNING, progress=progress(1)), None)
    assert shown(cluster)["status"] == "Completed"
    assert cluster.told() == [("Normal", "PartiallySucceeded")]


def test_show_while_another_operator_writes_the_end_does_not_undo_it(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    registry.intent(batch)
    final = {"status": "Completed", "reason": "AllSucceeded", "completionTime": "2026-03-04T12:00:00Z"}
    cluster.edit(IMAGE_BATCHES, batch.resource.name, status=final)
    registry.show(replace(batch, verdict=RUNNING, progress=progress(1)), None)
    assert shown(cluster) == final
    assert cluster.told() == []


def test_show_while_somebody_changes_the_resource_is_written_at_the_second_go(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    registry.intent(batch)
    cluster.edit(IMAGE_BATCHES, batch.resource.name, spec={"parallelism": 2}, metadata={"generation": 2})
    registry.show(batch, None)
    assert shown(cluster)["observedGeneration"] == 2
    assert cluster.told() == [("Normal", "Accepted")]


@pytest.mark.parametrize("again", [False, True])
def test_show_of_a_resource_that_is_gone_does_nothing(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch, again: bool
) -> None:
    cluster.remove(IMAGE_BATCHES, batch.resource.name)
    if again:
        cluster.put(IMAGE_BATCHES, written(batch.resource.name))
    registry.show(batch, None)
    assert cluster.writes() == cluster.told() == []


def test_show_without_a_resource_asks_nothing(registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch) -> None:
    cluster.requests.clear()
    registry.show(replace(batch, resource=None), None)
    registry.show(replace(batch, resource=registry.place(batch.request_id)), None)
    assert cluster.requests == []


@pytest.mark.parametrize("error", [Refused("no"), NotFound("gone")])
def test_show_that_the_cluster_does_not_allow_stops_nobody(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch, error: Exception
) -> None:
    def meanwhile(verb: str, *_: object) -> None:
        if verb == "PATCH":
            raise error

    cluster.meanwhile = meanwhile
    registry.show(replace(batch, verdict=QUEUED), None)
    assert cluster.told() == []


def test_show_while_the_cluster_is_away_is_tried_again(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    cluster.trouble = Unavailable("gone", dependency="cluster")
    with pytest.raises(Unavailable):
        registry.show(batch, None)


def test_event_that_cannot_be_made_keeps_nobody_from_the_status(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    def meanwhile(verb: str, kind: object, _: str) -> None:
        if kind == EVENTS:
            raise Refused("no events here")

    cluster.meanwhile = meanwhile
    registry.show(batch, None)
    assert shown(cluster)["reason"] == "Accepted"


@pytest.mark.parametrize("name", ["mugs", "a" * 253, "a" * 199 + "." + "b" * 53, "a" * 198 + "--" + "b" * 53])
def test_warning_about_a_resource_of_any_name_is_an_event(
    registry: ClusterRegistry, cluster: MemoryCluster, clock: ManualClock, name: str
) -> None:
    registry.warn(Resource("shop", name, "some-uid"), "SourceMissing", "x" * 5_000)
    [event] = cluster.made(EVENTS)
    about, _, number = event["metadata"]["name"].rpartition(".")
    assert name.startswith(about)
    assert about[-1].isalnum()
    assert len(number) == 16
    assert event["involvedObject"]["uid"] == "some-uid"
    assert (event["type"], event["reason"], len(event["message"])) == ("Warning", "SourceMissing", 1_000)
    assert event["firstTimestamp"] == f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
