"""From plain data to rows and back: what each dataclass of the model is in its table. Pure; used by `batches`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from imagebatch.database.tables import FileProcessingRecord as File
from imagebatch.database.tables import ImageRecord as Image
from imagebatch.model.batch import Batch, BatchSpec, Bytes, Counts, Intent, Progress, Reason, Resource, Verdict
from imagebatch.model.errors import NotFound
from imagebatch.model.results import Outcome
from imagebatch.model.status import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Row

    from imagebatch.database.copying import Value
    from imagebatch.ports import Final, NewBatch, ProductRow, SettledSlot

BATCH_COLUMNS = (
    File.request_id,
    File.owner,
    File.processing_status,
    File.reason,
    File.message,
    File.spec,
    File.suspend,
    File.cancel,
    File.parallelism,
    File.total,
    File.succeeded,
    File.failed,
    File.bytes_in,
    File.bytes_out,
    File.has_result,
    File.source_sha256,
    File.retry_of,
    File.resource_namespace,
    File.resource_name,
    File.resource_uid,
    File.suspended_at,
    File.suspended_seconds,
    File.created_at,
    File.updated_at,
    File.started_at,
    File.finished_at,
)

PRODUCT_COLUMNS = ("file_id", "row_number", "serial_number", "product_name", "input_image_urls")

IMAGE_COLUMNS = (
    "file_id",
    "row_number",
    "position",
    "image_index",
    "url",
    "output_url",
    "output_name",
    "output_request_id",
    "code",
    "message",
    "attempts",
    "milliseconds",
    "bytes_in",
    "bytes_out",
    "sha256",
    "format_in",
    "format_out",
    "width_in",
    "height_in",
    "width_out",
    "height_out",
    "quality",
    "kept_original",
)

OUTCOME_COLUMNS = (
    Image.image_index,
    Image.url,
    Image.output_name,
    Image.output_request_id,
    Image.code,
    Image.message,
    Image.attempts,
    Image.milliseconds,
    Image.bytes_in,
    Image.bytes_out,
    Image.sha256,
    Image.format_in,
    Image.format_out,
    Image.width_in,
    Image.height_in,
    Image.width_out,
    Image.height_out,
    Image.quality,
    Image.kept_original,
)
# Under the same name in the table and in the model.
SAME_NAMES = tuple(column.key for column in OUTCOME_COLUMNS[4:])


def request_uuid(request_id: str) -> UUID:
    """Return a request id as the tables hold it. Raises NotFound for what is no UUID in its usual form."""
    try:
        uuid = UUID(request_id)
    except ValueError:
        uuid = None
    if uuid is None or str(uuid) != request_id:
        raise NotFound(f"there is no request {request_id!r}")
    return uuid


def batch_from(row: Row[Any]) -> Batch:
    """Return the batch of a row of BATCH_COLUMNS."""
    return Batch(
        request_id=str(row.request_id),
        owner=row.owner,
        verdict=Verdict(row.processing_status, Reason(row.reason), row.message),
        spec=BatchSpec.from_json(row.spec),
        intent=Intent(row.suspend, row.cancel, row.parallelism),
        progress=Progress(Counts(row.total, row.succeeded, row.failed), Bytes(row.bytes_in, row.bytes_out)),
        has_result=row.has_result,
        source_sha256=row.source_sha256,
        retry_of=None if row.retry_of is None else str(row.retry_of),
        created_at=row.created_at,
        updated_at=row.updated_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        resource=resource_from(row),
        suspended_at=row.suspended_at,
        suspended_seconds=row.suspended_seconds,
    )


def resource_from(row: Row[*tuple[Any, ...]]) -> Resource | None:
    """Return the resource that a row names, None when it names none."""
    if row.resource_name is None:
        return None
    uid = None if row.resource_uid is None else str(row.resource_uid)
    return Resource(row.resource_namespace, row.resource_name, uid)


def accepted_values(batch: NewBatch) -> dict[str, object]:
    """Return the columns of a request at its acceptance."""
    key = batch.idempotency
    return {
        "request_id": request_uuid(batch.request_id),
        "owner": batch.owner,
        "processing_status": ACCEPTED.status,
        "reason": ACCEPTED.reason.value,
        "message": ACCEPTED.message,
        "spec": batch.spec.to_json(),
        "parallelism": batch.spec.parallelism,
        "source_sha256": batch.source_sha256,
        "retry_of": None if batch.retry_of is None else request_uuid(batch.retry_of),
        **resource_values(batch.resource),
        "idempotency_key": key and key.key,
        "idempotency_fingerprint": key and key.fingerprint,
        "total": batch.progress.counts.total,
        "succeeded": batch.progress.counts.succeeded,
        "failed": batch.progress.counts.failed,
        "bytes_in": batch.progress.bytes.input,
        "bytes_out": batch.progress.bytes.output,
        "created_at": batch.accepted_at,
        "updated_at": batch.accepted_at,
    }


def resource_values(resource: Resource | None) -> dict[str, object]:
    """Return the columns that name a resource; none of them without one."""
    if resource is None:
        return {}
    uid = None if resource.uid is None else request_uuid(resource.uid)
    return {"resource_namespace": resource.namespace, "resource_name": resource.name, "resource_uid": uid}


def final_values(final: Final) -> dict[str, object]:
    """Return the columns of a request that its end sets."""
    counts, size = final.progress.counts, final.progress.bytes
    return {
        "processing_status": final.verdict.status,
        "reason": final.verdict.reason.value,
        "message": final.verdict.message,
        "total": counts.total,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "bytes_in": size.input,
        "bytes_out": size.output,
        "has_result": final.has_result,
        "updated_at": final.finished_at,
        "finished_at": final.finished_at,
    }


def product_values(file_id: int, rows: Iterable[ProductRow]) -> Iterator[tuple[Value, ...]]:
    """Yield the rows' values in the order of PRODUCT_COLUMNS."""
    for row in rows:
        yield file_id, row.row_number, row.serial_number, row.product_name, ",".join(row.image_urls)


def image_values(file_id: int, slots: Iterable[SettledSlot]) -> Iterator[tuple[Value, ...]]:
    """Yield the slots' values in the order of IMAGE_COLUMNS."""
    for slot in slots:
        outcome = slot.outcome
        yield (
            file_id,
            slot.row,
            slot.position,
            outcome.index,
            outcome.url,
            slot.output_url,
            outcome.name,
            outcome.request_id,
            outcome.code,
            outcome.message,
            outcome.attempts,
            outcome.milliseconds,
            outcome.bytes_in,
            outcome.bytes_out,
            outcome.sha256,
            outcome.format_in,
            outcome.format_out,
            outcome.width_in,
            outcome.height_in,
            outcome.width_out,
            outcome.height_out,
            outcome.quality,
            outcome.kept_original,
        )


def outcome_from(row: Row[Any]) -> Outcome:
    """Return the outcome of a row of OUTCOME_COLUMNS with `output_url`, and `slots` counted."""
    return Outcome(
        index=row.image_index,
        url=row.url,
        slots=row.slots,
        name=row.output_name or _name_in(row.output_url),
        request_id=None if row.output_request_id is None else str(row.output_request_id),
        **{name: getattr(row, name) for name in SAME_NAMES},
    )


def _name_in(output_url: str | None) -> str | None:
    """Return the name of an output, for records of a program that did not write it beside the link."""
    return None if output_url is None else PurePosixPath(urlsplit(output_url).path).name
