"""Batches of a cluster: as their rows tell them, and as somebody writes them by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imagebatch.cluster import ClusterRegistry
from imagebatch.model.batch import Batch, BatchSpec, Bytes, Counts, Intent, Progress, Resource, Verdict
from imagebatch.model.names import job_name
from imagebatch.model.status import ACCEPTED
from support.sample_batches import NOON, ROWS, new_batch
from support.stored_batches import Database

REQUEST_ID = "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"
UID = "6f1ad4b0-2f43-4b6e-9d0c-7f6f0d1c2b3a"
PLACE = Resource("shop", job_name(REQUEST_ID), UID)


def batch_of(**parts: Any) -> Batch:
    """A batch of three slots that was just accepted, but for some parts."""
    accepted = Batch(
        request_id=REQUEST_ID,
        owner="alice",
        verdict=ACCEPTED,
        spec=BatchSpec(),
        intent=Intent(),
        progress=Progress(Counts(3)),
        has_result=False,
        source_sha256="ab" * 32,
        created_at=NOON,
        updated_at=NOON,
        resource=PLACE,
    )
    return replace(accepted, **parts)


def at(verdict: Verdict, succeeded: int = 0, failed: int = 0, **parts: Any) -> Batch:
    """A batch of three slots that stands so; 100 bytes became 40 for each success."""
    counts = Progress(Counts(3, succeeded, failed), Bytes(100 * succeeded, 40 * succeeded))
    return batch_of(verdict=verdict, progress=counts, **parts)


def written(name: str = "mugs", **spec: Any) -> dict[str, Any]:
    """An ImageBatch as a person writes it."""
    return {
        "apiVersion": "imagebatch.io/v1alpha1",
        "kind": "ImageBatch",
        "metadata": {"name": name},
        "spec": spec or {"source": {"inline": "x"}},
    }


def accepted_with(database: Database, registry: ClusterRegistry) -> Batch:
    """Accept a batch over ROWS that is to be declared and is not yet."""
    batch = new_batch()
    batch = replace(batch, resource=registry.place(batch.request_id))
    database.batches.accept(batch, ROWS)
    return database.batches.get(batch.request_id)


def declared_with(database: Database, registry: ClusterRegistry) -> Batch:
    """Accept a batch over ROWS and declare it."""
    batch = accepted_with(database, registry)
    assert batch.resource is not None
    database.batches.record_resource(batch.request_id, replace(batch.resource, uid=registry.declare(batch)))
    return database.batches.get(batch.request_id)
