"""How a batch gets its resource, and how it is found again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.memory_cluster import MemoryCluster
from fakes.memory_database import MemoryDatabase
from support.cluster_batches import UID, accepted_with, batch_of, declared_with, written

from imagebatch.cluster import ClusterRegistry
from imagebatch.cluster.client import CONFIG_MAPS, IMAGE_BATCHES
from imagebatch.cluster.resource import manifest
from imagebatch.intake import declare, declared
from imagebatch.model.batch import BatchSpec, Resource
from imagebatch.model.errors import NotFound, Refused, Unavailable

AWAY = Unavailable("gone", dependency="cluster")


def test_place_of_a_request_is_known_before_its_resource_exists(registry: ClusterRegistry) -> None:
    assert registry.place(UID) == Resource("shop", f"ib-{UID}")


def test_declare_when_called_again_finds_the_same_resource(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    assert registry.declare(batch) == registry.declare(batch)
    [found] = cluster.made(IMAGE_BATCHES)
    assert found["spec"]["source"]["sha256"] == batch.source_sha256


def test_declare_while_the_name_has_another_source_is_refused(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    cluster.put(IMAGE_BATCHES, written(f"ib-{batch.request_id}"))
    with pytest.raises(Refused, match="another ImageBatch has the name"):
        registry.declare(batch)


def test_declare_while_one_of_the_name_is_going_waits(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    assert batch.resource is not None
    cluster.put(IMAGE_BATCHES, manifest(batch, batch.resource))
    cluster.edit(IMAGE_BATCHES, batch.resource.name, metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    with pytest.raises(Unavailable, match="is going"):
        registry.declare(batch)


def test_declare_without_a_place_is_a_mistake(registry: ClusterRegistry) -> None:
    with pytest.raises(ValueError, match="no place"):
        registry.declare(batch_of(resource=None))


def test_acceptance_while_the_cluster_is_away_leaves_it_to_the_operator(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    cluster.trouble = AWAY
    declare(batch.request_id, database.batches, registry)
    assert database.batches.get(batch.request_id).resource == batch.resource
    cluster.trouble = None
    known = declared(batch, database.batches, registry)
    assert known.resource is not None
    assert known.resource.uid == cluster.made(IMAGE_BATCHES)[0]["metadata"]["uid"]


def test_declaration_cut_off_before_its_uid_was_written_is_adopted(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    batch = accepted_with(database, registry)
    uid = registry.declare(batch)
    known = declared(database.batches.get(batch.request_id), database.batches, registry)
    assert known.resource == replace(registry.place(batch.request_id), uid=uid)
    assert len(cluster.made(IMAGE_BATCHES)) == 1


def test_withdraw_when_called_again_removes_one_resource_once(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    resource = declared_with(database, registry).resource
    assert resource is not None
    registry.withdraw(resource)
    registry.withdraw(resource)
    assert cluster.made(IMAGE_BATCHES) == []


def test_withdraw_of_a_resource_whose_uid_no_row_came_to_know_removes_it(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster
) -> None:
    resource = declared_with(database, registry).resource
    assert resource is not None
    registry.withdraw(replace(resource, uid=None))
    assert cluster.made(IMAGE_BATCHES) == []


def test_withdraw_of_a_hand_written_resource_of_an_unknown_uid_leaves_it(
    registry: ClusterRegistry, cluster: MemoryCluster
) -> None:
    found = cluster.put(IMAGE_BATCHES, written(f"ib-{UID}"))
    registry.withdraw(Resource(found["metadata"]["namespace"], f"ib-{UID}"))
    assert len(cluster.made(IMAGE_BATCHES)) == 1


@pytest.mark.parametrize("other", [{"uid": UID}, {"namespace": "elsewhere"}])
def test_withdraw_of_another_resource_of_the_name_leaves_it(
    registry: ClusterRegistry, database: MemoryDatabase, cluster: MemoryCluster, other: dict[str, str | None]
) -> None:
    resource = declared_with(database, registry).resource
    assert resource is not None
    registry.withdraw(replace(resource, **other))
    assert len(cluster.made(IMAGE_BATCHES)) == 1


def test_hand_written_resource_when_noted_is_found_by_its_uid(
    registry: ClusterRegistry, cluster: MemoryCluster
) -> None:
    found = cluster.put(IMAGE_BATCHES, written("mugs"))
    assert registry.hand_written(found["metadata"]["uid"], BatchSpec()) is None
    request_id = registry.note(found)
    read = registry.hand_written(request_id, BatchSpec())
    assert read is not None
    assert (request_id, read.resource.name) == (found["metadata"]["uid"], "mugs")


def test_resource_when_people_change_it_is_news_and_its_status_is_none(
    registry: ClusterRegistry, cluster: MemoryCluster
) -> None:
    found = cluster.put(IMAGE_BATCHES, written("mugs"))
    assert registry.is_news(found)
    assert not registry.is_news(cluster.patch(IMAGE_BATCHES, "mugs", {"status": {"status": "Pending"}}, "status"))
    assert registry.is_news(cluster.patch(IMAGE_BATCHES, "mugs", {"spec": {"suspend": True}}))
    going = cluster.edit(IMAGE_BATCHES, "mugs", metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    assert registry.is_news(going)
    registry.forget(going)
    assert registry.is_news(found)


def test_hand_written_resource_once_it_is_going_or_gone_is_not_there(
    registry: ClusterRegistry, cluster: MemoryCluster
) -> None:
    found = cluster.put(IMAGE_BATCHES, written("mugs"))
    request_id = registry.note(found)
    cluster.edit(IMAGE_BATCHES, "mugs", metadata={"deletionTimestamp": "2026-01-02T03:04:05Z"})
    assert registry.hand_written(request_id, BatchSpec()) is None
    cluster.remove(IMAGE_BATCHES, "mugs")
    assert registry.hand_written(request_id, BatchSpec()) is None
    cluster.put(IMAGE_BATCHES, written("mugs"))
    assert registry.hand_written(request_id, BatchSpec()) is None
    assert registry.forget(found) == request_id
    assert registry.hand_written(request_id, BatchSpec()) is None


def test_config_map_value_when_it_is_there_is_returned_as_bytes(
    registry: ClusterRegistry, cluster: MemoryCluster
) -> None:
    cluster.put(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "data": {"a.csv": "ä"}, "binaryData": {"b.csv": "/w=="}})
    assert registry.config_map_value("csvs", "a.csv") == "ä".encode()
    assert registry.config_map_value("csvs", "b.csv") == b"\xff"


@pytest.mark.parametrize(("name", "words"), [("none", "no ConfigMap 'none'"), ("empty", "'empty' has no key 'a.csv'")])
def test_config_map_value_when_it_is_not_there_says_what_is_missing(
    registry: ClusterRegistry, cluster: MemoryCluster, name: str, words: str
) -> None:
    cluster.put(CONFIG_MAPS, {"metadata": {"name": "empty"}})
    with pytest.raises(NotFound, match=words):
        registry.config_map_value(name, "a.csv")
