"""docs/reference/rest.md and errors.md say what the service says of itself, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imagebatch_api.problem_codes import PROBLEMS
from imagebatch_api.schemas.requests import StatusOut
from imagebatch_api.schemas.uploads import UploadOptionsIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.asgi_client import AsgiClient

ROOT = Path(__file__).resolve().parents[3]
REST = (ROOT / "docs/reference/rest.md").read_text()
ERRORS = (ROOT / "docs/reference/errors.md").read_text()
FETCHING = ("core/imagebatch/net", "processor/imagebatch_processor")


@pytest.fixture
def paths(api: AsgiClient) -> dict[str, Any]:
    return dict(api.get("/openapi.json").json()["paths"])


def test_rest_page_lists_every_call_with_its_answers(paths: dict[str, Any]) -> None:
    sections = re.findall(r"^## `([A-Z]+) (\S+)`\n\nAnswers: ([0-9, ]+)$", REST, re.MULTILINE)
    written = {(method, path): answers.split(", ") for method, path, answers in sections}
    described = {
        (method.upper(), path): sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert written == described


def test_rest_page_names_every_option_and_status_field() -> None:
    table = REST.partition("| option |")[2].partition("\n\n")[0]
    options = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(options) == sorted(UploadOptionsIn.model_fields)
    example = REST.partition("## `GET /status/{request_id}`")[2].partition("```json")[2].partition("```")[0]
    assert list(StatusOut.model_validate_json(example).model_dump()) == list(StatusOut.model_fields)


def test_errors_page_lists_every_problem_code_with_its_status() -> None:
    written = re.findall(r"^\| `(\w+)` \| (\d+) \|", ERRORS, re.MULTILINE)
    assert written == [(code, str(kind.status)) for code, kind in PROBLEMS.items()]


def test_openapi_describes_every_problem_code(api: AsgiClient) -> None:
    schema = api.get("/openapi.json").json()
    assert schema["components"]["schemas"]["ProblemOut"]["properties"]["code"]["enum"] == list(PROBLEMS)


def test_errors_page_lists_every_code_that_an_image_is_refused_with() -> None:
    table = ERRORS.partition("## Image error codes")[2]
    written = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    used = {code for folder in FETCHING for path in (ROOT / folder).rglob("*.py") for code in refusals(path)}
    assert "blocked_address" in used
    assert used <= written


def refusals(path: Path) -> Iterator[str]:
    """Yield the codes that a module writes into ImageRejected(code, …)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ImageRejected":
            code = node.args[0] if node.args else None
            if isinstance(code, ast.Constant):
                yield str(code.value)
