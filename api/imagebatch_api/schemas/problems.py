"""Problems, and how OpenAPI describes them for each route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from imagebatch_api.problem_codes import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ViolationOut(BaseModel):
    """One thing that is wrong with what was sent."""

    code: str = Field(examples=["bad_serial_number"])
    message: str = Field(examples=["The serial number 'x' is not a whole number from 1 on."])
    line: int | None = Field(description="Line of the CSV, from 1; null for parameters.", examples=[7])
    column: str | None = Field(
        description="Header of the CSV as written, or the parameter's name.", examples=["S. No."]
    )


class ProblemOut(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Always `about:blank`: the code says more.", examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Bad Request"])
    status: int = Field(description="The HTTP status.", examples=[400])
    code: str = Field(
        description="Stable, for programs; see the reference.",
        examples=["invalid_csv"],
        json_schema_extra={"enum": list(PROBLEMS)},
    )
    detail: str = Field(description="What is wrong, for people.")
    errors: list[ViolationOut] | None = Field(None, description="Each violation; only where there are some.")


# What problems of a status say in their headers.
_HEADERS = {
    401: {"WWW-Authenticate": "Always `Bearer`: send an API key so."},
    408: {"Connection": "Always `close`."},
    409: {"Retry-After": "Seconds to wait; only of `idempotency_key_in_use`."},
    415: {"Accept": "The media types that are read.", "Accept-Encoding": "Always `identity`."},
    416: {"Content-Range": "The size of the file: `bytes */<size>`."},
    503: {"Retry-After": "Seconds to wait."},
}
ASKED = ("unauthorized", "database_unavailable")  # what every route over batches may answer
NAMED = (*ASKED, "not_found")  # and one that names a request


def problem_answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of the problems that a route may answer, by status."""
    statuses = sorted({PROBLEMS[code].status for code in codes})
    return {status: _problem_answer(status, codes) for status in statuses}


def _problem_answer(status: int, codes: Sequence[str]) -> dict[str, Any]:
    kinds = [f"`{code}`: {kind.meaning}" for code, kind in PROBLEMS.items() if kind.status == status and code in codes]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    headers = described_headers(_HEADERS.get(status, {}) if status != 409 or "idempotency_key_in_use" in codes else {})
    return {"description": " ".join(kinds), "content": content, **headers}


def described_headers(meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return OpenAPI's description of headers, nothing for none."""
    described = {name: {"description": text, "schema": {"type": "string"}} for name, text in meanings.items()}
    return {"headers": described} if described else {}
