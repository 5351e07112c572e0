"""The Registry of a cluster: a batch is declared and shown as an ImageBatch resource. Used by API and operator."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagebatch.cluster.client import CONFIG_MAPS, EVENTS, IMAGE_BATCHES, Cluster, Object
from imagebatch.cluster.config_maps import value_of
from imagebatch.cluster.resource import (
    API_VERSION,
    KIND,
    claimed_id,
    declares,
    hand_written,
    is_going,
    manifest,
    read_intent,
    resource_of,
)
from imagebatch.cluster.status import Shown, is_news, moment, status_change, status_of, story
from imagebatch.model import names
from imagebatch.model.batch import Resource
from imagebatch.model.errors import Conflict, ImageBatchError, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch, BatchSpec, Intent
    from imagebatch.model.source import HandWritten
    from imagebatch.ports import Batches, Clock, Deliveries, JobView
    from imagebatch.settings import LinkSettings

REPORTER = "imagebatch-operator"

log = logging.getLogger(__name__)


class ClusterRegistry:
    """Batches as resources of one namespace. What it remembers only saves reading twice, and finds names by ids."""

    def __init__(
        self, cluster: Cluster, *, batches: Batches, deliveries: Deliveries, links: LinkSettings, clock: Clock
    ) -> None:
        self._cluster = cluster
        self._batches = batches
        self._deliveries = deliveries
        self._links = links
        self._clock = clock
        self._found: dict[str, Object] = {}
        self._names: dict[str, str] = {}
        self._generations: dict[str, int] = {}

    def place(self, request_id: str) -> Resource | None:
        """Return where a new request will be declared."""
        return Resource(self._cluster.namespace, names.job_name(request_id))

    def declare(self, batch: Batch) -> str:
        """Create the batch's resource, or find it there; return its uid.

        Raises Refused when the API server does not allow it, or a resource of another source has the name.
        """
        place = batch.resource
        if place is None:
            raise ValueError(f"{batch.request_id} has no place")
        try:
            made = self._cluster.create(IMAGE_BATCHES, manifest(batch, place))
        except Conflict:
            made = self._adopted(batch, place)
        return str(made["metadata"]["uid"])

    def intent(self, batch: Batch) -> Intent:
        """Return what people want of the batch now: what its resource says; one that was deleted reads as `cancel`."""
        resource = batch.resource
        if resource is None or resource.uid is None or resource.namespace != self._cluster.namespace:
            return batch.intent
        found = self._get(batch.request_id, resource)
        if found is None:
            return replace(batch.intent, cancel=True)
        if batch.intent.cancel and not found["spec"].get("cancel") and not batch.status.is_final:
            found = self._found[batch.request_id] = self._cancelled(resource) or found
        return read_intent(found)

    def suspend(self, batch: Batch, *, suspended: bool) -> None:
        """Write it into the resource; as long as there is none, into the row that it will be made of."""
        place = batch.resource or self.place(batch.request_id)
        if place is not None and place.uid is None:
            now, parallelism = self._clock.now(), batch.intent.parallelism
            self._batches.record_intent(batch.request_id, now, suspend=suspended, parallelism=parallelism)
            # It may have been made meanwhile, and its uid not be written down yet.
            found = self._cluster.get(IMAGE_BATCHES, place.name)
            place = resource_of(found) if found is not None and declares(found, batch) else None
        if place is not None:
            self._change(place, {"suspend": suspended})

    def show(self, batch: Batch, job: JobView | None) -> None:
        """Write the resource's status if it says something new, then tell it as events.

        A cluster that does not allow it only keeps people from seeing how the batch stands: that is no end of it.
        """
        resource = batch.resource
        if resource is None or resource.uid is None:
            return
        request_id = batch.request_id
        found = self._found.get(request_id) or self._get(request_id, resource)
        try:
            # Once more if it was changed since it was found; if it is again, a later look writes it.
            if found is not None and not self._write(batch, found, job):
                found = self._get(request_id, resource)
                if found is not None:
                    self._write(batch, found, job)
        except Refused:
            log.warning("the status of %s cannot be written", resource.name, exc_info=True)
        self._found.pop(request_id, None)

    def withdraw(self, resource: Resource) -> None:
        """Delete the resource of a request that was deleted; its Job goes with it."""
        if resource.namespace != self._cluster.namespace:
            return
        uid = resource.uid or self._uid_of_our_own(resource.name)
        if uid is not None:
            self._cluster.delete(IMAGE_BATCHES, resource.name, uid)

    def is_news(self, found: Object) -> bool:
        """Return whether people did something to a resource since it was last asked about: not if its status changed.

        That is written here, and would have every look at a batch followed by another one.
        """
        uid, generation = found["metadata"]["uid"], found["metadata"]["generation"]
        before = self._generations.get(uid)
        self._generations[uid] = generation
        return before != generation or is_going(found)

    def note(self, found: Object) -> str:
        """Take notice of a resource; return the id of the request that it seems to stand for."""
        request_id = claimed_id(found)
        self._names[request_id] = found["metadata"]["name"]
        return request_id

    def forget(self, found: Object) -> str:
        """Take notice of a resource's end; return the id of its request."""
        request_id = claimed_id(found)
        self._names.pop(request_id, None)
        self._found.pop(request_id, None)
        self._generations.pop(found["metadata"]["uid"], None)
        return request_id

    def warn(self, resource: Resource, reason: str, message: str) -> None:
        """Tell people something about a resource as an event."""
        self._tell(resource, "Warning", reason, message)

    def hand_written(self, request_id: str, defaults: BatchSpec) -> HandWritten | None:
        """Return what somebody declared under a claimed id, None when there is no such resource (any more).

        Raises InvalidRequest for options that the schema lets pass and no encoder can do.
        """
        name = self._names.get(request_id)
        found = self._cluster.get(IMAGE_BATCHES, name) if name else None
        if found is None or is_going(found) or claimed_id(found) != request_id:
            return None
        return hand_written(found, defaults)

    def config_map_value(self, name: str, key: str) -> bytes:
        """Return the value of a ConfigMap's key. Raises NotFound."""
        return value_of(self._cluster.get(CONFIG_MAPS, name), name, key)

    def _adopted(self, batch: Batch, place: Resource) -> Object:
        found = self._cluster.get(IMAGE_BATCHES, place.name)
        if found is None or is_going(found):
            raise Unavailable(f"another ImageBatch {place.name} is going", dependency="cluster")
        if not declares(found, batch) or self._is_a_request_itself(found):
            raise Refused(f"another ImageBatch has the name {place.name}")
        return found

    def _uid_of_our_own(self, name: str) -> str | None:
        """Return the uid of a resource of the API's that no row came to know, None if it is another's or not there."""
        found = self._cluster.get(IMAGE_BATCHES, name)
        if found is None or names.job_name(claimed_id(found)) != name:
            return None
        return str(found["metadata"]["uid"])

    def _get(self, request_id: str, resource: Resource) -> Object | None:
        found = self._cluster.get(IMAGE_BATCHES, resource.name)
        if found is None or found["metadata"]["uid"] != resource.uid or is_going(found):
            self._found.pop(request_id, None)
            return None
        self._found[request_id] = found
        return found

    def _change(self, resource: Resource, spec: Object) -> Object | None:
        metadata: Object = {"uid": resource.uid} if resource.uid else {}
        try:
            return self._cluster.patch(IMAGE_BATCHES, resource.name, {"metadata": metadata, "spec": spec})
        except (NotFound, Conflict):
            return None

    def _cancelled(self, resource: Resource) -> Object | None:
        """Return the resource with the cancel of its row. One that may not be changed is cancelled all the same."""
        try:
            return self._change(resource, {"cancel": True})
        except Refused:
            log.warning("the cancel cannot be written into %s", resource.name, exc_info=True)
            return None

    def _is_a_request_itself(self, found: Object) -> bool:
        """Return whether a resource was taken in as written by hand."""
        try:
            self._batches.get(found["metadata"]["uid"])
        except NotFound:
            return False
        return True

    def _write(self, batch: Batch, found: Object, job: JobView | None) -> bool:
        """Write what is new; False when the resource is another by now than was found."""
        before, resource = found.get("status", {}), resource_of(found)
        after = status_of(self._shown(batch, found, job), before, self._clock.now())
        if not is_news(before, after):
            return True
        try:
            self._cluster.patch(IMAGE_BATCHES, resource.name, status_change(found, after), "status")
        except NotFound:
            return True
        except Conflict:
            return False
        for kind, reason, message in story(before, after):
            self._tell(resource, kind, reason, message)
        return True

    def _shown(self, batch: Batch, found: Object, job: JobView | None) -> Shown:
        link = None
        if batch.has_result:
            key = names.result_key(batch.request_id, names.OUTPUT_CSV)
            link = names.public_link(self._links.public_url, self._links.link_secret.encode(), key)
        webhook = batch.status.is_final and batch.spec.webhook_url
        delivery = self._deliveries.state(batch.request_id) if webhook else None
        return Shown(batch, found["metadata"]["generation"], link, job, delivery)

    def _tell(self, resource: Resource, kind: str, reason: str, message: str) -> None:
        """Make an event; one that cannot be made is only a line of the log: events are for people and expire."""
        try:
            self._cluster.create(EVENTS, _event(resource, kind, reason, message, moment(self._clock.now())))
        except ImageBatchError:
            log.warning("no event %s", reason, exc_info=True)


def _event(resource: Resource, kind: str, reason: str, message: str, now: str) -> dict[str, Any]:
    name = f"{resource.name[:200].rstrip('-.')}.{uuid.uuid4().hex[:16]}"
    return {
        "metadata": {"name": name, "namespace": resource.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": resource.namespace,
            "name": resource.name,
            "uid": resource.uid,
        },
        "type": kind,
        "reason": reason,
        "message": message[:1_000],
        "source": {"component": REPORTER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
