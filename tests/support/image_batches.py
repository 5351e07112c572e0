"""ImageBatch resources on a real API server, and what it says where it refuses one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from support.cluster import Cluster
from support.resource_definition import version

GROUP = {"group": "imagebatch.io", "version": "v1alpha1", "plural": "imagebatches"}

Resource = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a write was answered: the resource, or why not. `causes` are sentences by the field they are about."""

    resource: Resource
    causes: tuple[tuple[str, str], ...] = ()

    @property
    def was_taken(self) -> bool:
        return not self.causes

    def says(self, field: str, words: str) -> bool:
        """Return whether a cause is about a field and holds some words."""
        return any(about == field and words in sentence for about, sentence in self.causes)


class ImageBatches:
    """The resources of one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._objects = client.CustomObjectsApi(cluster.api)
        self._where = {**GROUP, "namespace": namespace}

    def create(self, spec: Any, *, really: bool = True, **parts: Any) -> Answer:
        """Ask for a resource, or only whether it would be taken."""
        body = {
            "apiVersion": f"{GROUP['group']}/{version()['name']}",
            "kind": "ImageBatch",
            "metadata": {"name": f"batch-{uuid4().hex[:10]}"},
            "spec": spec,
            **parts,
        }
        dry = {} if really else {"dry_run": "All"}
        return _asked(lambda: self._objects.create_namespaced_custom_object(**self._where, body=body, **dry))

    def existing(self, spec: Any) -> Resource:
        """Return a new resource that must be taken."""
        answer = self.create(spec)
        assert answer.was_taken, answer.causes
        return answer.resource

    def replace(self, resource: Resource, **parts: Any) -> Answer:
        """Write a resource again with other parts, such as another `spec`."""
        name = resource["metadata"]["name"]
        body = {**resource, **parts}
        return _asked(lambda: self._objects.replace_namespaced_custom_object(**self._where, name=name, body=body))

    def patch_status(self, resource: Resource, status: Any) -> Answer:
        """Merge into a resource's status by its own path."""
        name, body = resource["metadata"]["name"], {"status": status}
        return _asked(lambda: self._objects.patch_namespaced_custom_object_status(**self._where, name=name, body=body))

    def kubectl(self, *arguments: object, given: str | None = None) -> str:
        """Return what kubectl says in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, given=given)


def _asked(ask: Callable[[], Resource]) -> Answer:
    try:
        return Answer(ask())
    except ApiException as error:
        if error.status != 422:
            raise
        causes = json.loads(error.body)["details"]["causes"]
        return Answer({}, tuple((cause.get("field", ""), cause["message"]) for cause in causes))
