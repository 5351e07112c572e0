"""A batch with failed images becomes a new one that does only those again. Called by api.

Objects come first and the row last, as at an upload; doing it again writes the same bytes.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import merge
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from imagebatch.intake import CSV, JSON, JSON_LINES, product_rows, read_accepted
from imagebatch.model.batch import Reason
from imagebatch.model.errors import Conflict, InvalidRequest, NotFound, Unavailable
from imagebatch.model.names import images_key, input_key, plan_key, retry_id, reused_key
from imagebatch.model.plan import Plan, make_plan
from imagebatch.model.results import Outcome
from imagebatch.ports import NewBatch
from imagebatch.reused import begun, kept_from, read_planned, read_reused, write_reused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagebatch.model.batch import Batch, BatchSpec, Resource
    from imagebatch.model.plan import Image
    from imagebatch.ports import Archive, Batches, BlobStore, Clock, Listings, Registry
    from imagebatch.reused import Kept

LOCKED_SECONDS = 0.2
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which retry is asked for. Of `spec`, the output is the parent's all the same."""

    request_id: str
    owner: str
    spec: BatchSpec
    resource: Resource | None


def accept_retry(
    parent: Batch,
    *,
    store: BlobStore,
    batches: Batches,
    archive: Archive,
    listings: Listings,
    registry: Registry,
    clock: Clock,
    asked: Asked | None = None,
) -> str:
    """Make the batch that does a batch's failed images again, once however often it is called; return its id.

    `asked` says which it is to be; without it there is one retry of a batch, of its owner and with its spec.
    It is to be declared afterwards, as what `accept` makes.

    Raises Conflict: `not_retryable` unless the batch ended with something left to do, `retry_deleted` as long as
    anything is left of its deleted retry, `retry_in_progress` when another call does not come to its end. Raises
    NotFound when the parent was deleted meanwhile, Unavailable when the store or the database does not answer.
    """
    refuse_unless_retryable(parent)
    asked = asked or _the_retry(parent, registry)
    request_id = asked.request_id
    give_up_at = clock.monotonic() + PATIENCE_SECONDS
    while True:
        # Held here and by housekeeping, so that objects are never removed under a row that is being written.
        with batches.settling(request_id) as mine:
            if _is_accepted(request_id, batches):
                return request_id
            if mine:
                if archive.known([request_id]):
                    raise _retry_deleted()
                _accept(parent, asked, store=store, batches=batches, listings=listings, clock=clock)
                return request_id
        if clock.monotonic() >= give_up_at:
            raise Conflict("The retry is being made by another call that takes long.", code="retry_in_progress")
        clock.sleep(LOCKED_SECONDS)


def _the_retry(parent: Batch, registry: Registry) -> Asked:
    request_id = retry_id(parent.request_id)
    return Asked(request_id, parent.owner, parent.spec, registry.place(request_id))


def refuse_unless_retryable(parent: Batch) -> None:
    """Raise Conflict unless a batch is at its end and has failed images, or had some and ended without its results."""
    if not parent.status.is_final:
        raise Conflict("The request has not ended yet.", code="not_retryable")
    if parent.verdict.reason is Reason.INVALID_SOURCE:
        raise Conflict("The request has no images: its source was invalid.", code="not_retryable")
    if parent.has_result and not parent.progress.counts.failed:
        raise Conflict("No image of the request failed.", code="not_retryable")


def find_retry(parent: Batch, batches: Batches, archive: Archive) -> str | None:
    """Return the id of a batch's retry if it is there, None if it is to be made. Asks the database alone.

    Raises Conflict: `not_retryable` and `retry_deleted`, as `accept_retry` does.
    """
    refuse_unless_retryable(parent)
    request_id = retry_id(parent.request_id)
    if not archive.known([request_id]):
        return None
    if _is_accepted(request_id, batches):
        return request_id
    raise _retry_deleted()


def plan_retry(
    parent: Batch, request_id: str, fates: Iterable[tuple[Image, Outcome | None]], sink: IO[bytes]
) -> tuple[Plan, list[bytes]]:
    """Return the plan of a retry and the lines of its images.jsonl; write its reused.jsonl into `sink`.

    `fates` are all images of the parent by index, with what became of them; None: that is not known.
    """
    lines: list[bytes] = []

    def standing() -> Iterator[Kept]:
        for image, outcome in fates:
            if outcome is not None and outcome.succeeded:
                yield kept_from(parent.request_id, image, outcome)
            else:
                lines.append(image.to_line())

    reused = write_reused(sink, standing())
    plan = make_plan(request_id, lines, parent.progress.counts.total, parent.spec)
    return replace(plan, reused=reused), lines


@dataclass(frozen=True, slots=True)
class _Objects:
    """What a retry's objects are to be; `reused` is a file."""

    input: bytes
    plan: Plan
    image_lines: list[bytes]
    reused: Path

    def store(self, request_id: str, store: BlobStore) -> None:
        """Write them. input.csv is first here and last when a request is removed: it tells whether any is left."""
        store.put(input_key(request_id), self.input, CSV)
        store.put_file(reused_key(request_id), self.reused, JSON_LINES)
        store.put(images_key(request_id), b"".join(self.image_lines), JSON_LINES)
        store.put(plan_key(request_id), self.plan.to_json(), JSON)


def _accept(
    parent: Batch, asked: Asked, *, store: BlobStore, batches: Batches, listings: Listings, clock: Clock
) -> None:
    request_id, spec = asked.request_id, replace(asked.spec, output=parent.spec.output)
    with TemporaryDirectory(prefix="imagebatch-retry-") as folder, _readable(parent, batches):
        objects = _gather(replace(parent, spec=spec), request_id, Path(folder), store, listings)
        table = read_accepted(objects.input)
        objects.store(request_id, store)
    batch = NewBatch(
        request_id=request_id,
        owner=asked.owner,
        spec=spec,
        source_sha256=parent.source_sha256,
        progress=begun(objects.plan),
        accepted_at=clock.now(),
        retry_of=parent.request_id,
        resource=asked.resource,
    )
    batches.accept(batch, product_rows(table))
    if not _is_accepted(request_id, batches):
        raise _retry_deleted()


def _retry_deleted() -> Conflict:
    return Conflict("The retry of this request was deleted and is being removed.", code="retry_deleted")


def _gather(parent: Batch, request_id: str, folder: Path, store: BlobStore, listings: Listings) -> _Objects:
    data = store.get(input_key(parent.request_id))
    reused = folder / "reused.jsonl"
    with reused.open("wb") as sink:
        fates = _fates(parent, store, listings, folder / "outcomes.jsonl")
        plan, lines = plan_retry(parent, request_id, fates, sink)
    return _Objects(data, plan, lines, reused)


def _fates(parent: Batch, store: BlobStore, listings: Listings, spool: Path) -> Iterator[tuple[Image, Outcome | None]]:
    """Yield every image of a batch that has ended with what became of it, by index; `spool` is a file to be written."""
    plan = Plan.from_json(store.get(plan_key(parent.request_id)))
    if not parent.has_result:
        yield from _fates_without_result(parent.request_id, plan, store)
        return
    with spool.open("wb") as sink:  # to its end, so that no transaction waits for the store
        sink.writelines(outcome.to_line() for outcome in listings.outcomes(parent.request_id))
    kept = (each.image for each in read_reused(store, parent.request_id)) if plan.reused else iter(())
    images = merge(kept, read_planned(store, parent.request_id), key=attrgetter("index"))
    with spool.open("rb") as lines:
        for image, line in zip(images, lines, strict=True):
            outcome = Outcome.from_json(json.loads(line))
            if outcome.index != image.index:
                raise ValueError(f"outcome {outcome.index} where {image.index} is next")
            yield image, outcome


def _fates_without_result(request_id: str, plan: Plan, store: BlobStore) -> Iterator[tuple[Image, Outcome | None]]:
    """Yield what is known of a batch whose end was set while the store was gone: what it began with."""
    kept = ((each.image, each.outcome) for each in read_reused(store, request_id)) if plan.reused else iter(())
    unknown = ((image, None) for image in read_planned(store, request_id))
    yield from merge(kept, unknown, key=lambda fate: fate[0].index)


def _is_accepted(request_id: str, batches: Batches) -> bool:
    try:
        batches.get(request_id)
    except NotFound:
        return False
    return True


@contextmanager
def _readable(parent: Batch, batches: Batches) -> Iterator[None]:
    """Turn what a missing or broken object causes into NotFound if the parent was deleted, else into Unavailable."""
    try:
        yield
    except (NotFound, InvalidRequest, ValueError, KeyError, TypeError) as error:
        batches.get(parent.request_id)
        message = f"the objects of {parent.request_id} cannot be read: {type(error).__name__}: {error}"
        raise Unavailable(message, dependency="store") from error
