"""Errors outside the routes' own: unknown paths, outages, faults. All of them RFC 9457 problems."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from imagebatch.model import names
from imagebatch.model.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch.settings import ApiSettings

ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
FORM = {"file": ("products.csv", CSV, "text/csv")}


def test_path_unknown_is_a_404_problem(api: AsgiClient) -> None:
    answer = api.get("/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "Not Found",
    }


def test_method_not_allowed_is_a_405_problem(api: AsgiClient) -> None:
    answer = api.get("/upload")
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert api.request("BREW", f"/status/{ID}").status_code == 405


def test_upload_while_the_store_is_down_is_503_and_leaves_no_row(
    api: AsgiClient, store: MemoryBlobStore, batches: MemoryBatches
) -> None:
    store.outage = Unavailable("the store does not answer", dependency="store")
    answer = api.post("/upload", files=FORM)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert batches.batches == {}


def test_upload_while_the_database_is_down_is_503(api: AsgiClient, batches: MemoryBatches) -> None:
    batches.outage = Unavailable("the database does not answer", dependency="database")
    answer = api.post("/upload", files=FORM)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert batches.batches == {}


def test_status_while_the_database_is_down_is_503(api: AsgiClient, batches: MemoryBatches) -> None:
    batches.outage = Unavailable("the database does not answer", dependency="database")
    answer = api.get(f"/status/{ID}")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "retry-after" in answer.headers


def test_result_while_the_store_is_down_is_503(api: AsgiClient, store: MemoryBlobStore, settings: ApiSettings) -> None:
    store.outage = Unavailable("the store does not answer", dependency="store")
    link = names.public_link("", settings.links.link_secret.encode(), names.result_key(ID, names.OUTPUT_CSV))
    assert api.get(link).json()["code"] == "store_unavailable"


@pytest.mark.parametrize("fault", [RuntimeError("password=hunter2"), Misconfigured("password=hunter2")])
def test_fault_of_our_own_is_500_told_only_to_the_log(
    api: AsgiClient, batches: MemoryBatches, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    batches.outage = fault  # type: ignore[assignment]  # what no adapter should raise
    with caplog.at_level(logging.ERROR):
        answer = api.get(f"/status/{ID}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text
