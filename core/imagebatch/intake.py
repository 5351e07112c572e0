"""An uploaded CSV becomes a batch: rows checked, objects stored, then one transaction. Called by api and embedded.

Objects come first, so that whatever is in the database can be worked on. Doing it again writes the same objects.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagebatch.model import csvrows
from imagebatch.model.batch import Counts, Progress
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import ImageBatchError
from imagebatch.model.names import images_key, input_key, plan_key
from imagebatch.model.plan import Plan, distinct_images, make_plan
from imagebatch.ports import NewBatch, ProductRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.model.batch import Batch, BatchSpec, Resource
    from imagebatch.model.csvrows import CsvTable
    from imagebatch.ports import Batches, BlobStore, Clock, IdempotencyKey, Registry

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonl"
# A CSV that is read takes up to 40 times its size: of larger ones, only one at a time is worked on.
LARGE_CSV_BYTES = 1024 * 1024

# A file was accepted under the limits of its time; they may have been changed since.
_NO_LIMITS = CsvLimits(
    max_bytes=sys.maxsize,
    max_rows=sys.maxsize,
    max_columns=sys.maxsize,
    max_urls_per_row=sys.maxsize,
    max_url_length=sys.maxsize,
    max_violations=1,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """A valid upload and what there is to do. `image_lines` are the lines of images.jsonl, one for each image."""

    table: CsvTable
    image_lines: list[bytes]
    plan: Plan


def plan_upload(data: bytes, spec: BatchSpec, limits: CsvLimits, *, request_id: str = "") -> Planned:
    """Return what a CSV asks for, storing nothing; a dry run needs no request id.

    Raises TooLarge, or InvalidRequest that names everything that is wrong with the rows.
    """
    table = csvrows.parse(data, limits)
    lines = [image.to_line() for image in distinct_images(row.image_urls for row in table.rows)]
    slots = sum(len(row.image_urls) for row in table.rows)
    return Planned(table, lines, make_plan(request_id, lines, slots, spec))


def accept(
    request_id: str,
    data: bytes,
    spec: BatchSpec,
    owner: str,
    *,
    store: BlobStore,
    batches: Batches,
    registry: Registry,
    limits: CsvLimits,
    clock: Clock,
    idempotency: IdempotencyKey | None = None,
    resource: Resource | None = None,
) -> NewBatch:
    """Make a batch of a CSV, once for a request id however often it is called with the same CSV.

    `resource` is what it was declared by, if that was there before; else its place is noted, and who calls may
    `declare` it afterwards: that asks the cluster, which an upload does not wait for.

    Raises what `plan_upload` raises; Unavailable when the store or the database does not answer: then there is no
    request, only objects that the sweep removes.
    """
    planned = plan_upload(data, spec, limits, request_id=request_id)
    batch = NewBatch(
        request_id=request_id,
        owner=owner,
        spec=spec,
        source_sha256=hashlib.sha256(data).hexdigest(),
        progress=Progress(Counts(planned.plan.slots)),
        accepted_at=clock.now(),
        idempotency=idempotency,
        resource=resource or registry.place(request_id),
    )
    _store_objects(request_id, data, planned, store)
    batches.accept(batch, product_rows(planned.table))
    return batch


def read_accepted(data: bytes) -> CsvTable:
    """Return the rows of an input.csv that was accepted before. Raises InvalidRequest when it is not what it was."""
    return csvrows.parse(data, _NO_LIMITS)


def product_rows(table: CsvTable) -> Iterator[ProductRow]:
    """Yield the rows as the `products` table holds them."""
    for row in table.rows:
        yield ProductRow(row.number, row.serial_number, row.product_name, row.image_urls)


def _store_objects(request_id: str, data: bytes, planned: Planned, store: BlobStore) -> None:
    store.put(input_key(request_id), data, CSV)
    store.put(images_key(request_id), b"".join(planned.image_lines), JSON_LINES)
    store.put(plan_key(request_id), planned.plan.to_json(), JSON)


def declare(request_id: str, batches: Batches, registry: Registry) -> None:
    """Make a batch known that is accepted and has not ended. If this fails, the operator does it."""
    if registry.place(request_id) is None:
        return
    try:
        batch = batches.get(request_id)
        if not batch.status.is_final:
            declared(batch, batches, registry)
    except ImageBatchError:
        log.warning("request %s is accepted but not declared yet", request_id, exc_info=True)


def declared(batch: Batch, batches: Batches, registry: Registry) -> Batch:
    """Return a batch that has the resource it is declared by, making that if it is to have one and has not.

    Raises Refused, Unavailable.
    """
    place = batch.resource or registry.place(batch.request_id)
    if place is None or place.uid is not None:
        return batch
    uid = registry.declare(replace(batch, resource=place))
    batches.record_resource(batch.request_id, replace(place, uid=uid))
    now = batches.get(batch.request_id)
    if now.intent.suspend != batch.intent.suspend:  # said while the resource was being made of what was there before
        registry.suspend(now, suspended=now.intent.suspend)
    return now
