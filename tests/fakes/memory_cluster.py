"""A `Cluster` in memory: one namespace of objects, with the bookkeeping of an API server and no controllers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import count
from typing import Any
from uuid import uuid4

from imagebatch.cluster.client import EVENTS, IMAGE_BATCHES, JOBS, Kind, Object
from imagebatch.model.errors import Conflict, NotFound

DEFAULTS = {"parallelism": 4, "suspend": False, "cancel": False}  # the resource's
WITH_STATUS = (IMAGE_BATCHES, JOBS)
MADE_AT = "2026-01-02T03:04:05Z"


class MemoryCluster:
    """Objects by kind and name. `requests` lists what was asked for, as `(verb, plural, name)`.

    `trouble` is raised by every request while it is set; `meanwhile` is called with each one before it is carried out.
    """

    def __init__(self, namespace: str = "shop") -> None:
        self.namespace = namespace
        self.requests: list[tuple[str, str, str]] = []
        self.trouble: Exception | None = None
        self.is_going = False
        self.meanwhile: Callable[[str, Kind, str], None] = lambda *_: None
        self._objects: dict[tuple[Kind, str], Object] = {}
        self._versions = count(1)

    def namespace_is_going(self) -> bool:
        return self.is_going

    def get(self, kind: Kind, name: str) -> Object | None:
        self._asked("GET", kind, name)
        return deepcopy(self._objects.get((kind, name)))

    def list(self, kind: Kind, selector: str = "") -> Iterator[Object]:
        self._asked("LIST", kind, "")
        wanted = [term.partition("=") for term in selector.split(",") if term]
        found = [each for (of, _), each in self._objects.items() if of == kind]
        return iter([deepcopy(each) for each in found if all(_is_labelled(each, *term) for term in wanted)])

    def create(self, kind: Kind, body: Object) -> Object:
        name = body["metadata"]["name"]
        self._asked("POST", kind, name)
        if (kind, name) in self._objects:
            raise Conflict(f"{kind.plural} {name} already exists")
        made = json.loads(json.dumps(body))
        if kind in WITH_STATUS:
            made.pop("status", None)
        if kind == IMAGE_BATCHES:
            made["spec"] = {**DEFAULTS, **made["spec"]}
        made["metadata"] |= {
            "namespace": self.namespace,
            "uid": str(uuid4()),
            "generation": 1,
            "creationTimestamp": MADE_AT,
        }
        return self._keep(kind, made)

    def patch(self, kind: Kind, name: str, change: Object, subresource: str = "") -> Object:
        self._asked("PATCH", kind, f"{name}/{subresource}" if subresource else name)
        found = self._objects.get((kind, name))
        if found is None:
            raise NotFound(f"{kind.plural} {name} not found")
        metadata = change.get("metadata", {})
        for precondition in ("uid", "resourceVersion"):
            if metadata.get(precondition, found["metadata"][precondition]) != found["metadata"][precondition]:
                raise Conflict(f"{kind.plural} {name} has another {precondition}")
        return self._change(kind, found, json.loads(json.dumps(change)), subresource)

    def delete(self, kind: Kind, name: str, uid: str | None = None) -> None:
        self._asked("DELETE", kind, name)
        found = self._objects.get((kind, name))
        if found is None or uid not in (None, found["metadata"]["uid"]):
            return
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = MADE_AT
        else:
            del self._objects[kind, name]

    def put(self, kind: Kind, body: Object) -> Object:
        """Have an object, as somebody else made it; its status stays, and metadata that it brings."""
        marks = {"namespace": self.namespace, "uid": str(uuid4()), "generation": 1, "creationTimestamp": MADE_AT}
        return self._keep(kind, deepcopy({**body, "metadata": {**marks, **body["metadata"]}}))

    def edit(self, kind: Kind, name: str, **parts: Any) -> Object:
        """Merge into an object as somebody else does, its status too."""
        found = self._objects[kind, name]
        return self._keep(kind, _merged(found, parts))

    def remove(self, kind: Kind, name: str) -> None:
        """Take an object away as somebody else does."""
        del self._objects[kind, name]

    def made(self, kind: Kind) -> list[Object]:
        """What is there of a kind, in the order in which it came."""
        return [deepcopy(each) for (of, _), each in self._objects.items() if of == kind]

    def told(self) -> list[tuple[str, str]]:
        """Type and reason of all events, oldest first."""
        return [(each["type"], each["reason"]) for each in self.made(EVENTS)]

    def writes(self, plural: str = "imagebatches") -> list[str]:
        """The names that were patched of a kind."""
        return [name for verb, of, name in self.requests if verb == "PATCH" and of == plural]

    def _asked(self, verb: str, kind: Kind, name: str) -> None:
        self.requests.append((verb, kind.plural, name))
        self.meanwhile(verb, kind, name)
        if self.trouble is not None:
            raise self.trouble

    def _change(self, kind: Kind, found: Object, change: Object, subresource: str) -> Object:
        if kind in WITH_STATUS:
            parts = ("status",) if subresource == "status" else tuple(change.keys() - {"status"})
            change = {part: change[part] for part in parts if part in change}
        after = _merged(found, change)
        if after == found:
            return deepcopy(found)
        if after.get("spec") != found.get("spec"):
            after["metadata"]["generation"] += 1
        return self._keep(kind, after)

    def _keep(self, kind: Kind, found: Object) -> Object:
        found["metadata"]["resourceVersion"] = str(next(self._versions))
        self._objects[kind, found["metadata"]["name"]] = found
        return deepcopy(found)


def _is_labelled(found: Object, label: str, equals: str, value: str) -> bool:
    labels = found["metadata"].get("labels", {})
    return label in labels and (not equals or labels[label] == value)


def _merged(target: Any, change: Any) -> Any:
    """RFC 7386."""
    if not isinstance(change, dict):
        return change
    merged = deepcopy(target) if isinstance(target, dict) else {}
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
