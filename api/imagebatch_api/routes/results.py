"""GET and HEAD of a request's files. A link opens by its token `t`, without anything else."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from imagebatch.model import names
from imagebatch.model.errors import NotFound
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.files import serve
from imagebatch_api.links import require_token
from imagebatch_api.request_ids import RequestId
from imagebatch_api.schemas import problem_answers

router = APIRouter(tags=["results"])

Token = Annotated[str, Query(description="The link's token: whoever has the link may open it.", max_length=100)]
_IMAGE_NAME = re.compile(r"[0-9]{1,9}\.[a-z0-9]{1,8}")
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    whole = {"description": "The file, streamed, with a strong `ETag`.", "content": {media_type: _BINARY}}
    part = {"description": "The range that was asked for.", "content": {media_type: _BINARY}}
    same = {"description": "The file is still the one in `If-None-Match`."}
    return {200: whole, 206: part, 304: same, **problem_answers(400, 403, 404, 412, 416, 503)}


def _open(request: Request, container: Container, key: str, token: str) -> Response:
    require_token(container.settings.links, key, token)
    return serve(request, container.store, key)


def _add(path: str, endpoint: Callable[..., Response], summary: str, media_type: str) -> None:
    router.add_api_route(
        path, endpoint, methods=["GET"], summary=summary, responses=_answers(media_type), response_class=Response
    )
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def output_csv(request: Request, container: ContainerDep, request_id: RequestId, t: Token = "") -> Response:
    """Return the CSV as uploaded with the column `Output Image Urls` added; a failed image leaves its slot empty."""
    return _open(request, container, names.result_key(request_id, names.OUTPUT_CSV), t)


def errors_csv(request: Request, container: ContainerDep, request_id: RequestId, t: Token = "") -> Response:
    """Return one row for each failed slot: serial number, product, position, input URL, code, message."""
    return _open(request, container, names.result_key(request_id, names.ERRORS_CSV), t)


def report_json(request: Request, container: ContainerDep, request_id: RequestId, t: Token = "") -> Response:
    """Return counts, bytes and all that is known of each image."""
    return _open(request, container, names.result_key(request_id, names.REPORT_JSON), t)


def image(
    request: Request,
    container: ContainerDep,
    request_id: RequestId,
    name: Annotated[str, Path(description="Name of the image, as in the output CSV.", examples=["17.jpg"])],
    t: Token = "",
) -> Response:
    """Return one output image."""
    if not _IMAGE_NAME.fullmatch(name):
        raise NotFound("There is no such file.")
    return _open(request, container, names.image_key(request_id, name), t)


_add("/results/{request_id}/output.csv", output_csv, "The output CSV", "text/csv")
_add("/results/{request_id}/errors.csv", errors_csv, "The failed images", "text/csv")
_add("/results/{request_id}/report.json", report_json, "The report", "application/json")
_add("/results/{request_id}/images/{name}", image, "An output image", "image/*")
