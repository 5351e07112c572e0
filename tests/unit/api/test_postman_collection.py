"""The Postman collection covers the service's calls, and its saved answers look like what the service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imagebatch_api.problem_codes import PROBLEMS
from imagebatch_api.schemas.problems import ProblemOut
from imagebatch_api.schemas.requests import ImagesOut, RequestsOut, RetryOut, StatusOut
from imagebatch_api.schemas.uploads import DryRunOut, UploadOut
from imagebatch_api.schemas.webhooks import WebhookOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from support.asgi_client import AsgiClient

FOLDER = Path(__file__).resolve().parents[3] / "postman"
COLLECTION = json.loads((FOLDER / "imagebatch.postman_collection.json").read_text("utf-8"))
ENVIRONMENT = json.loads((FOLDER / "imagebatch.postman_environment.json").read_text("utf-8"))
VARIABLE = re.compile(r"\{\{(\w+)\}\}")
SET_BY_SCRIPT = {"webhook_id", "webhook_timestamp", "webhook_signature"}
MODELS: dict[tuple[str, str], list[type[BaseModel]]] = {
    ("POST", "upload"): [UploadOut, DryRunOut],
    ("GET", "status"): [StatusOut],
    ("GET", "requests"): [RequestsOut, ImagesOut, WebhookOut],
    ("POST", "requests"): [StatusOut, RetryOut, WebhookOut],
}


def requests(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every request of the collection, with its name, scripts and saved answers."""
    for item in items:
        if "item" in item:
            yield from requests(item["item"])
        else:
            yield item


REQUESTS = list(requests(COLLECTION["item"]))
SAVED = [(each, answer) for each in REQUESTS for answer in each["response"]]


def is_call_of(request: dict[str, Any], method: str, path: str) -> bool:
    """Whether a request is a call of a route, whose path has its parameters in braces."""
    pattern = "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in path.strip("/").split("/"))
    called = "/".join(request["url"]["path"])
    return bool(request["method"] == method and re.fullmatch(pattern, called))


def test_collection_when_a_route_is_added_has_a_request_for_it(api: AsgiClient) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    routes = [(method.upper(), path) for path in paths for method in paths[path]]
    ours = [
        (method, path) for method, path in routes if path.startswith(("/upload", "/status", "/results", "/requests"))
    ]
    assert len(ours) >= 14
    missing = [route for route in ours if not any(is_call_of(each["request"], *route) for each in REQUESTS)]
    assert missing == []


def test_collection_when_imported_is_of_the_format_that_postman_reads() -> None:
    assert COLLECTION["info"]["schema"].endswith("/collection/v2.1.0/collection.json")
    assert ENVIRONMENT["_postman_variable_scope"] == "environment"


def test_collection_when_it_uses_a_variable_declares_it() -> None:
    declared = {each["key"] for each in COLLECTION["variable"]}
    used = set(VARIABLE.findall(json.dumps(COLLECTION["item"])))
    assert used - declared - SET_BY_SCRIPT == set()
    assert {each["key"] for each in ENVIRONMENT["values"]} <= declared


def test_collection_when_given_away_holds_no_secret() -> None:
    values = {each["key"]: each["value"] for each in (*ENVIRONMENT["values"], *COLLECTION["variable"])}
    assert (values["webhook_key"], values["api_key"]) == ("", "")
    assert not re.search(r"whsec_\w", json.dumps(COLLECTION))


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each["name"])
def test_request_when_sent_is_tested_and_has_a_saved_answer(request_: dict[str, Any]) -> None:
    scripts = [line for event in request_["event"] if event["listen"] == "test" for line in event["script"]["exec"]]
    assert any("pm.test(" in line for line in scripts)
    assert request_["response"]


@pytest.mark.parametrize(("request_", "saved"), SAVED, ids=lambda each: each["name"])
def test_saved_answer_when_it_is_json_has_the_fields_of_the_service(
    request_: dict[str, Any], saved: dict[str, Any]
) -> None:
    kind = {header["key"]: header["value"] for header in saved["header"]}.get("Content-Type", "")
    models = MODELS.get((request_["request"]["method"], request_["request"]["url"]["path"][0]), [])
    if kind == "application/problem+json":
        body = json.loads(saved["body"])
        assert PROBLEMS[ProblemOut.model_validate(body).code].status == saved["code"]
        assert set(body) | {"errors"} == set(ProblemOut.model_fields)
    elif models and kind == "application/json":
        body = json.loads(saved["body"])
        (model,) = [each for each in models if set(each.model_fields) == set(body)]
        model.model_validate(body)
