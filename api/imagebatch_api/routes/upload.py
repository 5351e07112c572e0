"""POST /upload: a CSV in, a request id out. The row is committed before the answer goes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError

from imagebatch.intake import accept, plan_upload
from imagebatch.model.batch import BatchSpec
from imagebatch.ports import IdempotencyKey
from imagebatch.settings import IntakeSettings
from imagebatch.telemetry import from_now_about
from imagebatch_api.caller import CallerDep
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.declaring import begin_to_declare
from imagebatch_api.idempotency import KEY_PATTERN, MAX_KEY_LENGTH, Accepted, fingerprint, once
from imagebatch_api.problems import invalid_parameters
from imagebatch_api.receive import Received, UploadLimits, received
from imagebatch_api.schemas.problems import ASKED, described_headers, problem_answers
from imagebatch_api.schemas.uploads import DryRunOut, PlanOut, UploadOptionsIn, UploadOut

router = APIRouter(tags=["requests"])

OptionsQuery = Annotated[UploadOptionsIn, Query()]
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Your name for this upload: sent again with the same file and options, the answer is the same.",
        min_length=1,
        max_length=MAX_KEY_LENGTH,
        pattern=KEY_PATTERN,
    ),
]
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": {"$ref": "#/components/schemas/UploadFormIn"}},
        "text/csv": {"schema": {"type": "string", "description": "The CSV; options go into the query."}},
    },
}
_ACCEPTED: dict[str, Any] = {
    "description": "Accepted; or, of a dry run, what would be done.",
    **described_headers(
        {
            "Location": "Where its status is; not of a dry run.",
            "Idempotency-Replayed": "`true` when an earlier upload with the same `Idempotency-Key` made the request.",
        }
    ),
}
_BAD = ("invalid_request", "missing_file", "empty_file", "malformed_form", "invalid_csv")
_REFUSED = ("upload_timeout", "idempotency_key_in_use", "too_large", "unsupported_media_type", "idempotency_key_reused")


@dataclass(frozen=True, slots=True)
class _Upload:
    """The blocking half of an upload."""

    container: Container
    sent: Received
    options: UploadOptionsIn
    spec: BatchSpec
    owner: str

    def accept(self, request_id: str, key: str | None) -> Accepted:
        """Store the batch and commit its row, unless an upload with the same key did."""
        data = self.sent.read()
        if key is None:
            return Accepted(self._make(request_id, data))
        named = IdempotencyKey(key, fingerprint(data, self.options))
        return once(self.container.batches, self.owner, named, partial(self._make, request_id, data, named))

    def _make(self, request_id: str, data: bytes, key: IdempotencyKey | None = None) -> str:
        container = self.container
        accept(
            request_id,
            data,
            self.spec,
            self.owner,
            store=container.store,
            batches=container.batches,
            registry=container.registry,
            limits=container.settings.intake.csv_limits(),
            clock=container.clock,
            idempotency=key,
        )
        return request_id

    def plan(self) -> DryRunOut:
        """Check the batch and tell what would be done."""
        planned = plan_upload(self.sent.read(), self.spec, self.container.settings.intake.csv_limits())
        shards = planned.plan.shards
        largest = max(shard.count for shard in shards)
        return DryRunOut(
            dry_run=True,
            rows=len(planned.table.rows),
            slots=planned.plan.slots,
            images=planned.plan.images,
            plan=PlanOut(shards=len(shards), images_per_shard=largest, parallelism=self.spec.parallelism),
        )


@router.post(
    "/upload",
    summary="Upload a CSV",
    response_model=UploadOut | DryRunOut,
    responses={200: _ACCEPTED, **problem_answers(*ASKED, *_BAD, *_REFUSED, "store_unavailable")},
    openapi_extra={"requestBody": _BODY},
)
async def upload(
    request: Request,
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
    query: OptionsQuery,
    idempotency_key: KeyHeader = None,
) -> UploadOut | DryRunOut:
    """Accept a CSV as the part `file` of a form or as the body itself, with the options beside it or in the query.

    It is checked whole first: every bad row is named in one answer. With `dry_run` nothing is stored.
    """
    settings = container.settings
    async with received(request, UploadLimits(settings.intake.max_upload_bytes, settings.upload_seconds)) as sent:
        options = _options(query, sent.fields)
        work = _Upload(container, sent, options, spec_of(options, settings.intake), caller.owner)
        turns = container.turns(sent.size)
        if options.dry_run:
            return await turns.run(work.plan)
        request_id = str(uuid4())
        from_now_about(request_id)
        accepted = await turns.run(partial(work.accept, request_id, idempotency_key))
    request.state.request_id = accepted.request_id
    response.headers["Location"] = f"/status/{accepted.request_id}"
    if accepted.replayed:
        container.metrics.http_uploads_replayed.inc()
        response.headers["Idempotency-Replayed"] = "true"
    else:
        begin_to_declare(container, accepted.request_id)
    return UploadOut(request_id=accepted.request_id)


def _options(query: UploadOptionsIn, fields: dict[str, str]) -> UploadOptionsIn:
    """Return the options of query and form; an empty field, as forms send it, is one not given."""
    given = {name: value for name, value in fields.items() if value.strip()}
    try:
        return UploadOptionsIn.model_validate({**query.model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        raise invalid_parameters(error.errors()) from error


def spec_of(options: UploadOptionsIn, settings: IntakeSettings) -> BatchSpec:
    """Return what is asked for: the options, and the settings where an upload has no say."""
    return BatchSpec(
        output=options.output(),
        parallelism=settings.parallelism,
        retries_per_shard=settings.retries_per_shard,
        active_deadline_seconds=settings.active_deadline_seconds,
        webhook_url=options.webhook_url or settings.webhook_url or None,
    )
