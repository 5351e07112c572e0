"""What an upload is refused for, and that nothing is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
FORM = {"file": ("products.csv", CSV, "text/csv")}
RAW = {"Content-Type": "text/csv"}


@pytest.fixture(autouse=True)
def _nothing_is_left(batches: MemoryBatches, store: MemoryBlobStore) -> Any:
    yield
    assert (batches.batches, store.calls) == ({}, [])


def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    return dict(answer.json())


def test_upload_of_a_bad_csv_names_every_row(api: AsgiClient) -> None:
    bad = b"S. No.,Product Name,Input Image Urls\nx,Lamp,https://a.example/1.jpg\n2,,ftp://a.example/2.jpg\n"
    problem = refusal(api.post("/upload", content=bad, headers=RAW), 400, "invalid_csv")
    assert [(each["line"], each["column"], each["code"]) for each in problem["errors"]] == [
        (2, "S. No.", "bad_serial_number"),
        (3, "Product Name", "empty_product_name"),
        (3, "Input Image Urls", "unsupported_scheme"),
    ]
    assert all(each["message"].endswith(".") for each in problem["errors"])


def test_upload_of_a_bad_csv_as_dry_run_is_refused_alike(api: AsgiClient) -> None:
    refusal(api.post("/upload?dry_run=true", content=b"a,b\n", headers=RAW), 400, "invalid_csv")


def test_upload_of_a_form_without_file_is_400(api: AsgiClient) -> None:
    answer = api.post("/upload", files={"document": ("products.csv", CSV)})
    assert "document" in refusal(answer, 400, "missing_file")["detail"]


def test_upload_of_a_file_as_text_field_is_400(api: AsgiClient) -> None:
    answer = api.post("/upload", files={"file": (None, CSV)})
    assert "curl -F file=@" in refusal(answer, 400, "missing_file")["detail"]


@pytest.mark.parametrize("body", [{"content": b"", "headers": RAW}, {"files": {"file": ("products.csv", b"")}}])
def test_upload_of_an_empty_file_is_400(api: AsgiClient, body: dict[str, Any]) -> None:
    refusal(api.post("/upload", **body), 400, "empty_file")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
    ],
)
def test_upload_of_another_media_type_is_415(api: AsgiClient, headers: dict[str, str]) -> None:
    answer = api.post("/upload", content=CSV, headers=headers)
    refusal(answer, 415, "unsupported_media_type")
    assert answer.headers["accept"] == "multipart/form-data, text/csv"


@pytest.mark.parametrize(
    "option",
    [
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "high"},
        {"max_width": "-1"},
        {"max_height": "20000"},
        {"format": "BMP"},
        {"metadata": "some"},
        {"never_larger": "maybe"},
        {"qualty": "40"},
    ],
)
@pytest.mark.parametrize("place", ["params", "data"])
def test_upload_with_a_bad_option_is_400_and_names_it(api: AsgiClient, option: dict[str, str], place: str) -> None:
    answer = api.post("/upload", files=FORM, **{place: option})  # type: ignore[arg-type]
    problem = refusal(answer, 400, "invalid_request")
    assert [each["column"] for each in problem["errors"]] == list(option)
    assert problem["errors"][0]["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/hook",
        "shop.example/hook",
        "https://",
        "https://user:secret@shop.example/hook",
        "https://shop.example:99999/",
        "https://[::1/hook",
        "https://shop.example/a b",
        "https://shop.example/" + "a" * 2_048,
    ],
)
def test_upload_with_a_bad_webhook_url_is_400(api: AsgiClient, url: str) -> None:
    problem = refusal(api.post("/upload", files=FORM, data={"webhook_url": url}), 400, "invalid_request")
    assert problem["errors"][0]["column"] == "webhook_url"
    assert "secret" not in str(problem)
