"""/docs, /redoc and OpenAPI: everything they need comes from the service itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from support.asgi_client import AsgiClient

LOADED = re.compile(r"""(?:src|href)\s*=\s*["']([^"']+)["']|@import\s+["']([^"']+)["']|url:\s*["']([^"']+)["']""")


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_docs_page_loads_only_what_the_service_serves(api: AsgiClient, page: str) -> None:
    answer = api.get(page)
    assert answer.status_code == 200
    loaded = [next(filter(None, found)) for found in LOADED.findall(answer.text)]
    assert len(loaded) >= 2
    for address in loaded:
        assert urlsplit(address).netloc == ""
        assert api.get(address).status_code == 200
    assert not re.search(r"https?://|//cdn", answer.text)


def test_docs_scripts_are_served_whole(api: AsgiClient) -> None:
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js"):
        assert len(api.get(f"/static-offline-docs/{name}").content) > 10_000


def test_openapi_describes_errors_as_problems(api: AsgiClient) -> None:
    schema = api.get("/openapi.json").json()
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_openapi_references_lead_somewhere_every_time(api: AsgiClient) -> None:
    answer = api.get("/openapi.json")
    schemas = answer.json()["components"]["schemas"]
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text)):
        assert name in schemas
    assert "HTTPValidationError" not in schemas


def test_openapi_upload_takes_form_and_csv_with_every_option(api: AsgiClient) -> None:
    schema = api.get("/openapi.json").json()
    operation = schema["paths"]["/upload"]["post"]
    assert set(operation["requestBody"]["content"]) == {"multipart/form-data", "text/csv"}
    reference = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"]
    fields = schema["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    options = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
    assert set(fields) == {"file"} | options
    assert {"format", "quality", "max_width", "max_height", "metadata", "never_larger", "webhook_url"} < options
