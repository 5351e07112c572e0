"""GET and HEAD of a request's files. A link opens by its token `t`, without anything else; or by its owner's API key.

With the token only the object store is asked: links open while the database is away.
"""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool

from imagebatch.model import names
from imagebatch.model.errors import NotFound
from imagebatch_api.caller import Caller, SentKey, Unauthorized, holder
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.files import serve
from imagebatch_api.links import InvalidLinkToken, link_opens
from imagebatch_api.request_ids import RequestId, read_batch
from imagebatch_api.schemas.problems import described_headers, problem_answers

router = APIRouter(tags=["results"])

Token = Annotated[str, Query(description="The link's token: whoever has the link may open it.", max_length=100)]
_IMAGE_NAME = re.compile(r"[0-9]{1,9}\.[a-z0-9]{1,8}")


_HEADERS = described_headers(
    {
        "ETag": "Strong; names the file's bytes.",
        "Cache-Control": "`private, no-cache`: keep it, and ask again with the ETag.",
        "Accept-Ranges": "`bytes`.",
        "Content-Disposition": "The file's name.",
        "X-Content-Type-Options": "`nosniff`.",
    }
)
_REFUSED = ("invalid_request", "unauthorized", "invalid_link_token", "not_found", "precondition_failed")
_FAILED = ("range_not_satisfiable", "database_unavailable", "store_unavailable")


_BYTES = {"type": "string", "format": "binary"}


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    whole = {"type": "object"} if media_type == "application/json" else _BYTES
    file, range_ = ({"content": {media_type: {"schema": schema}}} for schema in (whole, _BYTES))
    part = described_headers({"Content-Range": "Which bytes of how many: `bytes <first>-<last>/<size>`."})["headers"]
    return {
        200: {"description": "The file, streamed.", **file, **_HEADERS},
        206: {"description": "A range of it.", **range_, "headers": {**_HEADERS["headers"], **part}},
        304: {"description": "The file is still the one in `If-None-Match`."},
        **problem_answers(*_REFUSED, *_FAILED),
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for a file, and what may open it."""

    request: Request
    container: Container
    request_id: str
    token: str
    sent_key: HTTPAuthorizationCredentials | None

    async def answer(self, key: str) -> Response:
        """Return the object `key`. Raises InvalidLinkToken, Unauthorized, NotFound."""
        container = self.container
        if not link_opens(container.settings.links, key, self.token):
            await read_batch(container, self._holder(), self.request_id)
        return await run_in_threadpool(serve, self.request, container.store, key)

    def _holder(self) -> Caller:
        found = holder(self.container, self.sent_key)
        if found is not None:
            return found
        if self.container.keys is not None and (self.sent_key is not None or not self.token):
            raise Unauthorized("A link with its token `t` is needed, or a valid API key.")
        raise InvalidLinkToken("The link's token `t` is missing or does not open this file.")


async def _asked(
    request: Request, container: ContainerDep, request_id: RequestId, sent_key: SentKey, t: Token = ""
) -> _Asked:
    return _Asked(request, container, request_id, t, sent_key)


AskedDep = Annotated[_Asked, Depends(_asked)]


def _add(path: str, endpoint: Callable[..., Coroutine[Any, Any, Response]], summary: str, media_type: str) -> None:
    # This one answers; the `Allow` of a 405 is the first route's. The next one is for the description, without HEAD.
    router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        summary=summary,
        responses=_answers(media_type),
        response_class=Response,
        openapi_extra={"security": [{}]},  # beside the API key: with a token, nothing
    )


async def output_csv(asked: AskedDep, request_id: RequestId) -> Response:
    """Return the CSV as uploaded with the column `Output Image Urls` added; a failed image leaves its slot empty."""
    return await asked.answer(names.result_key(request_id, names.OUTPUT_CSV))


async def errors_csv(asked: AskedDep, request_id: RequestId) -> Response:
    """Return one row for each failed slot: serial number, product, position, input URL, code, message."""
    return await asked.answer(names.result_key(request_id, names.ERRORS_CSV))


async def report_json(asked: AskedDep, request_id: RequestId) -> Response:
    """Return counts, bytes and all that is known of each image."""
    return await asked.answer(names.result_key(request_id, names.REPORT_JSON))


async def image(
    asked: AskedDep,
    request_id: RequestId,
    name: Annotated[str, Path(description="Name of the image, as in the output CSV.", examples=["17.jpg"])],
) -> Response:
    """Return one output image."""
    if not _IMAGE_NAME.fullmatch(name):
        raise NotFound("There is no such file.")
    return await asked.answer(names.image_key(request_id, name))


_add("/results/{request_id}/output.csv", output_csv, "The output CSV", "text/csv")
_add("/results/{request_id}/errors.csv", errors_csv, "The failed images", "text/csv")
_add("/results/{request_id}/report.json", report_json, "The report", "application/json")
_add("/results/{request_id}/images/{name}", image, "An output image", "image/*")
