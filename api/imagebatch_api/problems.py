"""Errors as RFC 9457 problems: from the error tree to HTTP. Used by the app, its routes and middleware."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import anyio
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from imagebatch.model.errors import (
    Conflict,
    ImageBatchError,
    InvalidRequest,
    NotFound,
    Unavailable,
    Violation,
)
from imagebatch_api.problem_codes import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
IN_USE_RETRY_AFTER_SECONDS = 1
LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024


# For a code that is not in PROBLEMS.
_STATUS: tuple[tuple[type[ImageBatchError], int], ...] = (
    (InvalidRequest, 400),
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
        if not _body_unread(scope):
            await super().__call__(scope, receive, send)
            return
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _body_unread(scope: Scope) -> bool:
    """Tell whether the request has a body that nobody has read to its end."""
    headers = Headers(scope=scope)
    announced = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return announced and not scope.get("state", {}).get("body_read")


async def _drain(receive: Receive) -> None:
    count = 0
    while count < LINGER_BYTES:
        message = await receive()
        count += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


def problem_of(error: ImageBatchError) -> Problem:
    """Return the problem that tells an error. An error outside the table is ours, and its words stay in the log."""
    status = _status(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("an error without an HTTP status reached the edge", exc_info=error)
        return internal_error()
    violations = error.violations if isinstance(error, InvalidRequest) else ()
    return Problem(
        status, error.code, error.message, errors=[asdict(v) for v in violations], headers=_headers(status, error.code)
    )


def _status(error: ImageBatchError) -> int:
    if error.code in PROBLEMS:
        return PROBLEMS[error.code].status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


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


def _headers(status: int, code: str) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if code == "idempotency_key_in_use":
        return {"Retry-After": str(IN_USE_RETRY_AFTER_SECONDS)}
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return {"Accept": "multipart/form-data, text/csv", "Accept-Encoding": "identity"}
    return {}


def _of_routing(error: HTTPException) -> Problem:
    code = _ROUTING_CODES.get(error.status_code, "invalid_request")
    return Problem(error.status_code, code, error.detail, headers=error.headers)


def _of_parameters(error: RequestValidationError) -> Problem:
    """Answer 400 where FastAPI would say 422."""
    return problem_of(invalid_parameters(error.errors()))


def _parameter(place: Sequence[str | int]) -> str:
    """Return the name of a parameter from where Pydantic found it; the place within a list is none."""
    return next((part for part in reversed(place) if isinstance(part, str)), "")[:100]


def invalid_parameters(found: Iterable[Any]) -> InvalidRequest:
    """Return the refusal of parameters that Pydantic found wrong; a violation's `column` is the parameter's name."""
    violations = tuple(
        Violation("invalid_parameter", each["msg"].removeprefix("Value error, "), column=_parameter(each["loc"]))
        for each in found
    )
    sentences = "; ".join(f"{each.column}: {each.message}" for each in violations)
    return InvalidRequest(f"The request cannot be accepted: {sentences}.", violations=violations)
