"""What people want of a batch: said in its resource, or in its row before there is one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.memory_cluster import MemoryCluster
from fakes.memory_database import MemoryDatabase
from support.cluster_batches import accepted_with, declared_with, written
from support.sample_batches import end, slots

from imagebatch.cluster import ClusterRegistry
from imagebatch.cluster.client import IMAGE_BATCHES
from imagebatch.intake import declared
from imagebatch.model.batch import Batch, Intent
from imagebatch.model.errors import Refused, Unavailable

AWAY = Unavailable("gone", dependency="cluster")


@pytest.fixture
def batch(registry: ClusterRegistry, database: MemoryDatabase) -> Batch:
    return declared_with(database, registry)


def spec_of(cluster: MemoryCluster, batch: Batch) -> dict[str, object]:
    [found] = [each for each in cluster.made(IMAGE_BATCHES) if each["metadata"]["name"] == f"ib-{batch.request_id}"]
    return found["spec"]


def test_intent_in_the_resource_counts_before_that_in_the_row(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    cluster.edit(IMAGE_BATCHES, batch.resource.name, spec={"suspend": True, "parallelism": 9})
    assert registry.intent(batch) == Intent(suspend=True, parallelism=9)


def test_intent_before_there_is_a_resource_is_the_rows(registry: ClusterRegistry, database: MemoryDatabase) -> None:
    batch = accepted_with(database, registry)
    assert registry.intent(replace(batch, intent=Intent(suspend=True))) == Intent(suspend=True)


@pytest.mark.parametrize("how", ["gone", "going", "another"])
def test_intent_of_a_resource_that_was_deleted_is_to_cancel(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch, how: str
) -> None:
    name = batch.resource.name
    if how == "going":
        cluster.edit(IMAGE_BATCHES, name, metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    else:
        cluster.remove(IMAGE_BATCHES, name)
    if how == "another":
        cluster.put(IMAGE_BATCHES, written(name))
    assert registry.intent(batch) == replace(batch.intent, cancel=True)


def test_intent_while_the_cluster_is_away_is_not_known(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    cluster.trouble = AWAY
    with pytest.raises(Unavailable):
        registry.intent(batch)


def test_cancel_in_the_row_is_written_into_the_resource_once(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    cancelled = replace(batch, intent=replace(batch.intent, cancel=True))
    assert registry.intent(cancelled).cancel
    assert spec_of(cluster, batch)["cancel"] is True
    registry.intent(cancelled)
    assert len(cluster.writes()) == 1


def test_cancel_of_a_batch_that_has_ended_is_not_written_any_more(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster, batch: Batch
) -> None:
    database.batches.record_cancel(batch.request_id)
    database.batches.finish(batch.request_id, end(), slots())
    assert not registry.intent(database.batches.get(batch.request_id)).cancel
    assert cluster.writes() == []


@pytest.mark.parametrize("suspended", [True, False])
def test_suspend_of_a_declared_batch_is_written_into_its_resource_only(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster, batch: Batch, suspended: bool
) -> None:
    cluster.edit(IMAGE_BATCHES, batch.resource.name, spec={"suspend": not suspended})
    registry.suspend(batch, suspended=suspended)
    assert spec_of(cluster, batch)["suspend"] is suspended
    assert database.batches.get(batch.request_id).intent == batch.intent


def test_suspend_before_there_is_a_resource_is_in_it_from_the_start(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    registry.suspend(batch, suspended=True)
    known = declared(database.batches.get(batch.request_id), database.batches, registry)
    assert spec_of(cluster, batch)["suspend"] is True
    assert registry.intent(known).suspend


def test_suspend_while_the_resource_is_being_made_is_written_into_it(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)

    def meanwhile(verb: str, *_: object) -> None:
        if verb == "POST":
            now = database.batches.get(batch.request_id).created_at
            database.batches.record_intent(batch.request_id, now, suspend=True, parallelism=4)

    cluster.meanwhile = meanwhile
    declared(batch, database.batches, registry)
    assert spec_of(cluster, batch)["suspend"] is True


def test_suspend_before_the_uid_is_written_down_is_written_into_both(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    registry.declare(batch)
    registry.suspend(batch, suspended=True)
    assert spec_of(cluster, batch)["suspend"] is True
    assert database.batches.get(batch.request_id).intent.suspend


def test_suspend_while_the_name_is_anothers_leaves_that_alone(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    cluster.put(IMAGE_BATCHES, written(f"ib-{batch.request_id}"))
    registry.suspend(batch, suspended=True)
    assert "suspend" not in spec_of(cluster, batch)
    assert database.batches.get(batch.request_id).intent.suspend


def test_suspend_of_a_resource_that_was_made_again_leaves_that_alone(
    registry: ClusterRegistry, cluster: MemoryCluster, batch: Batch
) -> None:
    cluster.remove(IMAGE_BATCHES, batch.resource.name)
    registry.suspend(batch, suspended=True)
    cluster.put(IMAGE_BATCHES, written(batch.resource.name))
    registry.suspend(batch, suspended=True)
    assert "suspend" not in spec_of(cluster, batch)


def test_intent_of_a_batch_of_another_namespace_is_its_rows(registry: ClusterRegistry, batch: Batch) -> None:
    assert batch.resource is not None
    elsewhere = replace(batch, resource=replace(batch.resource, namespace="elsewhere"))
    assert registry.intent(elsewhere) == batch.intent


def test_cancel_that_may_not_be_written_into_the_resource_cancels_all_the_same(
    registry: ClusterRegistry, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refused("an admission policy says no")

    monkeypatch.setattr(registry._cluster, "patch", refuse)
    cancelled = replace(batch, intent=replace(batch.intent, cancel=True))
    assert registry.intent(cancelled).parallelism == batch.intent.parallelism
