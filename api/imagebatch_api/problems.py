"""Errors as RFC 9457 problems: the one table from the error tree to HTTP. Used by the app, its routes and middleware.

Every code that this service can answer stands in PROBLEMS; docs/reference/errors.md and OpenAPI list the same ones.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import anyio
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from imagebatch.model.errors import (
    Conflict,
    ImageBatchError,
    InvalidRequest,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    Violation,
)
from imagebatch_api.links import InvalidLinkToken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A code of the reference: its HTTP status and when it is answered."""

    status: int
    meaning: str


PROBLEMS: dict[str, ProblemKind] = {
    "invalid_request": ProblemKind(400, "A parameter or form field is unknown or not allowed; `errors` names each."),
    "missing_file": ProblemKind(400, "The form has no part `file` with a file name."),
    "empty_file": ProblemKind(400, "The file has no bytes."),
    "malformed_form": ProblemKind(400, "The multipart body cannot be read, or has too many or too long fields."),
    "invalid_csv": ProblemKind(400, "The CSV breaks the rules of csv.md; `errors` names each bad row."),
    "invalid_link_token": ProblemKind(403, "The link's token `t` is missing or does not open this file."),
    "not_found": ProblemKind(404, "There is no such request, file or path, or it is somebody else's."),
    "method_not_allowed": ProblemKind(405, "The path is there, the method is not; `Allow` lists those that are."),
    "conflict": ProblemKind(409, "The state that the request is in does not allow it."),
    "precondition_failed": ProblemKind(412, "The file's ETag is none of those in `If-Match`."),
    "too_large": ProblemKind(413, "The body or the file is over the limit of bytes."),
    "unsupported_media_type": ProblemKind(415, "The body is neither multipart/form-data nor text/csv, or is encoded."),
    "range_not_satisfiable": ProblemKind(416, "The range begins behind the file's end; `Content-Range` has its size."),
    "internal_error": ProblemKind(500, "A fault of the service; its log says more."),
    "database_unavailable": ProblemKind(503, "The database does not answer; nothing was accepted."),
    "store_unavailable": ProblemKind(503, "The object store does not answer; nothing was accepted."),
}

_STATUS: tuple[tuple[type[ImageBatchError], int], ...] = (
    (TooLarge, 413),
    (UnsupportedMediaType, 415),
    (InvalidRequest, 400),
    (InvalidLinkToken, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
)
_ROUTING_CODES = {404: "not_found", 405: "method_not_allowed"}


class Problem(Response):
    """A problem on its way out.

    When the request's body is still being sent, the answer goes out first, then what comes is thrown away for a
    moment and the connection is closed: closed at once, the answer would be lost with it (RFC 9112, section 9.6).
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        title = HTTPStatus(status).phrase
        fields: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code}
        body = {**fields, "detail": detail, **({"errors": list(errors)} if errors else {})}
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
        super().__init__(json.dumps(body, ensure_ascii=False).encode(), status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the problem."""
        if not scope.get("state", {}).get("body_unread"):
            await super().__call__(scope, receive, send)
            return
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    count = 0
    while count < LINGER_BYTES:
        message = await receive()
        count += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


def problem_of(error: ImageBatchError) -> Problem:
    """Return the problem that tells an error. An error outside the table is ours, and its words stay in the log."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
    if status is None:
        log.error("an error without an HTTP status reached the edge", exc_info=error)
        return internal_error()
    violations = error.violations if isinstance(error, InvalidRequest) else ()
    return Problem(status, error.code, error.message, errors=[asdict(v) for v in violations], headers=_headers(status))


def internal_error() -> Problem:
    """Return what is told of a fault of our own: nothing but that it is one."""
    return Problem(500, "internal_error", "The service failed on this request; its log says why.")


def add_handlers(app: FastAPI) -> None:
    """Make every error of the app's routes a problem."""
    app.add_exception_handler(ImageBatchError, lambda _, error: problem_of(cast("ImageBatchError", error)))
    app.add_exception_handler(HTTPException, lambda _, error: _of_routing(cast("HTTPException", error)))
    app.add_exception_handler(
        RequestValidationError, lambda _, error: _of_parameters(cast("RequestValidationError", error))
    )


def _headers(status: int) -> dict[str, str]:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return {"Accept": "multipart/form-data, text/csv", "Accept-Encoding": "identity"}
    return {}


def _of_routing(error: HTTPException) -> Problem:
    code = _ROUTING_CODES.get(error.status_code, "invalid_request")
    return Problem(error.status_code, code, error.detail, headers=error.headers)


def _of_parameters(error: RequestValidationError) -> Problem:
    """Answer 400 where FastAPI would say 422."""
    return problem_of(invalid_parameters(error.errors()))


def invalid_parameters(found: Iterable[Any]) -> InvalidRequest:
    """Return the refusal of parameters that Pydantic found wrong; a violation's `column` is the parameter's name."""
    violations = tuple(
        Violation("invalid_parameter", each["msg"].removeprefix("Value error, "), column=str(each["loc"][-1])[:100])
        for each in found
    )
    sentences = "; ".join(f"{each.column}: {each.message}" for each in violations)
    return InvalidRequest(f"The request cannot be accepted: {sentences}.", violations=violations)
