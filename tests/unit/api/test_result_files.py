"""GET and HEAD of a request's files: headers, conditions, ranges, streaming."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from imagebatch.model import names

if TYPE_CHECKING:
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch.settings import ApiSettings

ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
DATA = bytes(range(256)) * 1_000
ETAG = f'"{hashlib.md5(DATA, usedforsecurity=False).hexdigest()}"'


@pytest.fixture
def link(settings: ApiSettings, store: MemoryBlobStore) -> str:
    return put(settings, store, names.result_key(ID, names.OUTPUT_CSV))


def put(settings: ApiSettings, store: MemoryBlobStore, key: str) -> str:
    store.put(key, DATA, "text/html")
    return names.public_link("", settings.links.link_secret.encode(), key)


@pytest.mark.parametrize(
    ("name", "content_type", "disposition"),
    [
        ("output.csv", "text/csv; charset=utf-8", 'attachment; filename="output.csv"'),
        ("errors.csv", "text/csv; charset=utf-8", 'attachment; filename="errors.csv"'),
        ("report.json", "application/json", 'attachment; filename="report.json"'),
        ("images/0.jpg", "image/jpeg", 'inline; filename="0.jpg"'),
        ("images/17.png", "image/png", 'inline; filename="17.png"'),
        ("images/17.webp", "image/webp", 'inline; filename="17.webp"'),
        ("images/17.avif", "image/avif", 'inline; filename="17.avif"'),
        ("images/17.svg", "application/octet-stream", 'attachment; filename="17.svg"'),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_result_file_answered_has_the_headers_of_its_kind(
    api: AsgiClient,
    settings: ApiSettings,
    store: MemoryBlobStore,
    method: str,
    name: str,
    content_type: str,
    disposition: str,
) -> None:
    answer = api.request(method, put(settings, store, names.request_prefix(ID) + name))
    assert answer.status_code == 200
    assert answer.content == (DATA if method == "GET" else b"")
    assert dict(answer.headers) == {
        "content-type": content_type,
        "content-disposition": disposition,
        "content-length": str(len(DATA)),
        "etag": ETAG,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
    }


def test_result_file_asked_by_head_is_not_opened(api: AsgiClient, store: MemoryBlobStore, link: str) -> None:
    api.head(link)
    assert [method for method, _ in store.calls] == ["put", "head"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_result_file_that_the_client_has_is_304(
    api: AsgiClient, store: MemoryBlobStore, link: str, method: str
) -> None:
    answer = api.request(method, link, headers={"If-None-Match": ETAG})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)
    assert "content-type" not in answer.headers
    assert "open" not in [method for method, _ in store.calls]


def test_result_file_in_range_is_206(api: AsgiClient, link: str) -> None:
    answer = api.get(link, headers={"Range": "bytes=1000-70999"})
    assert (answer.status_code, answer.content) == (206, DATA[1_000:71_000])
    assert answer.headers["content-range"] == f"bytes 1000-70999/{len(DATA)}"
    assert answer.headers["content-length"] == "70000"
    assert answer.headers["etag"] == ETAG


def test_result_file_behind_its_end_is_416(api: AsgiClient, link: str) -> None:
    answer = api.get(link, headers={"Range": f"bytes={len(DATA)}-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


def test_result_file_that_is_another_than_wanted_is_412(api: AsgiClient, link: str) -> None:
    answer = api.get(link, headers={"If-Match": '"other"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


def test_result_file_that_does_not_exist_is_404(api: AsgiClient, store: MemoryBlobStore, link: str) -> None:
    store.delete([names.result_key(ID, names.OUTPUT_CSV)])
    for method in ("GET", "HEAD"):
        assert api.request(method, link).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_result_file_by_another_method_is_405(api: AsgiClient, link: str, method: str) -> None:
    answer = api.request(method, link)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert "GET" in answer.headers["allow"]
