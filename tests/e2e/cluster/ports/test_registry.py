"""The registry over the API server of a real cluster: what it writes is taken, and what it does not, is refused so."""

from __future__ import annotations

from uuid import uuid4

import pytest
from fakes.memory_database import MemoryDatabase
from support.cluster_batches import written
from support.registry_contract import RegistryContract, RegistryDesk
from support.sample_batches import delivery_of, end, slots
from support.waiting import eventually

from imagebatch.clock import SystemClock
from imagebatch.cluster import ClusterRegistry
from imagebatch.cluster.client import CONFIG_MAPS, EVENTS, IMAGE_BATCHES
from imagebatch.cluster.client import Cluster as Client
from imagebatch.model.batch import Batch
from imagebatch.model.errors import Conflict, NotFound, Refused
from imagebatch.settings import LinkSettings


@pytest.fixture
def desk(client: Client) -> RegistryDesk:
    database = MemoryDatabase()
    registry = ClusterRegistry(
        client,
        batches=database.batches,
        deliveries=database.deliveries,
        links=LinkSettings(link_secret="0123456789abcdef"),
        clock=SystemClock(),
    )
    return RegistryDesk(database, registry)


class TestRegistry(RegistryContract):
    """The same suite as over a cluster in memory."""


def name_of(batch: Batch) -> str:
    assert batch.resource is not None
    return batch.resource.name


def test_status_of_a_batch_when_shown_is_stored_and_told_once(desk: RegistryDesk, client: Client) -> None:
    batch = desk.declare()
    desk.registry.show(desk.read(batch), None)
    desk.database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
    desk.registry.show(desk.read(batch), None)
    shown = client.get(IMAGE_BATCHES, name_of(batch))
    assert shown is not None
    assert (shown["status"]["status"], shown["status"]["progress"]) == ("Completed", "3/3")
    desk.registry.show(desk.read(batch), None)
    again = client.get(IMAGE_BATCHES, name_of(batch))
    assert again is not None
    assert again["metadata"]["resourceVersion"] == shown["metadata"]["resourceVersion"]

    def told() -> list[str]:
        return [each["reason"] for each in client.list(EVENTS) if each["involvedObject"]["name"] == name_of(batch)]

    eventually(lambda: sorted(told()) == ["Accepted", "PartiallySucceeded"])


def test_suspend_of_a_resource_that_was_made_again_leaves_that_alone(desk: RegistryDesk, client: Client) -> None:
    batch = desk.declare()
    client.delete(IMAGE_BATCHES, name_of(batch))
    client.create(IMAGE_BATCHES, written(name_of(batch)))
    desk.registry.suspend(batch, suspended=True)
    found = client.get(IMAGE_BATCHES, name_of(batch))
    assert found is not None
    assert found["spec"]["suspend"] is False
    assert desk.intent(batch).cancel


def test_patch_under_another_uid_or_version_is_a_conflict(client: Client) -> None:
    made = client.create(IMAGE_BATCHES, written("patched"))
    for precondition in ({"uid": str(uuid4())}, {"resourceVersion": "1"}):
        with pytest.raises(Conflict):
            client.patch(IMAGE_BATCHES, "patched", {"metadata": precondition, "spec": {"suspend": True}})
    client.patch(IMAGE_BATCHES, "patched", {"metadata": {"uid": made["metadata"]["uid"]}, "spec": {"suspend": True}})
    with pytest.raises(Conflict):
        client.patch(IMAGE_BATCHES, "patched", {"metadata": {"resourceVersion": "1"}, "status": {}}, "status")


def test_delete_under_another_uid_leaves_the_object(client: Client) -> None:
    client.create(IMAGE_BATCHES, written("kept"))
    client.delete(IMAGE_BATCHES, "kept", str(uuid4()))
    assert client.get(IMAGE_BATCHES, "kept") is not None
    client.delete(IMAGE_BATCHES, "kept")
    client.delete(IMAGE_BATCHES, "kept")
    assert client.get(IMAGE_BATCHES, "kept") is None


def test_object_of_a_name_that_is_taken_is_a_conflict_and_one_that_does_not_fit_is_refused(client: Client) -> None:
    client.create(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "data": {"a.csv": "ä"}})
    with pytest.raises(Conflict):
        client.create(CONFIG_MAPS, {"metadata": {"name": "csvs"}})
    with pytest.raises(NotFound):
        client.patch(CONFIG_MAPS, "none", {"data": {}})
    with pytest.raises(Refused, match="name a source"):
        client.create(IMAGE_BATCHES, {**written("bad"), "spec": {"suspend": True}})
