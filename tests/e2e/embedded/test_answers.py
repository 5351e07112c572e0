"""Every answer of upload, status and results, asked of the real service as a client would."""

from __future__ import annotations

import uuid
from threading import Event
from typing import TYPE_CHECKING

import httpx
import pytest
from support import pictures
from support.image_server import held_until
from support.service import HEADER, csv_of

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.service import Service

CSV = {"content-type": "text/csv"}


@pytest.fixture
def finished(service: Service, image_source: ImageServer) -> dict[str, object]:
    """The last status of a small batch."""
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    return service.finish(service.upload(csv_of([[photo, image_source.url("/missing.jpg")]])))


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    """Return the body of an RFC 9457 problem of the given status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["code"]
    return dict(body)


def test_upload_of_bad_rows_names_every_one(service: Service):
    rows = [",".join(HEADER), "1,Shirt,https://a.example/1.jpg", "x,Hat,https://a.example/2.jpg", "3,,ftp://a/3.jpg"]
    body = problem(service.http.post("/upload", content="\n".join(rows), headers=CSV), 400)
    places = {(error["line"], error["column"]) for error in body["errors"]}
    assert places == {(3, "S. No."), (4, "Product Name"), (4, "Input Image Urls")}


def test_upload_without_a_file_is_a_problem(service: Service):
    problem(service.http.post("/upload", files={"other": b"1"}), 400)


def test_upload_of_a_bad_option_is_a_problem(service: Service):
    good = csv_of([["https://a.example/1.jpg"]])
    problem(service.http.post("/upload?quality=0", content=good, headers=CSV), 400)
    problem(service.http.post("/upload?format=TGA", content=good, headers=CSV), 400)
    problem(service.http.post("/upload?webhook_url=gopher://a", content=good, headers=CSV), 400)


def test_upload_over_the_limit_is_refused(service: Service):
    huge = b"1,Shirt,https://a.example/1.jpg\n" * 400_000
    problem(service.http.post("/upload", content=huge, headers=CSV), 413)


def test_upload_over_the_limit_without_a_length_is_refused(service: Service):
    chunks = (b"1,Shirt,https://a.example/1.jpg\n" * 2_000 for _ in range(200))
    problem(service.http.post("/upload", content=chunks, headers=CSV), 413)


def test_upload_of_another_kind_of_body_is_refused(service: Service):
    problem(service.http.post("/upload", json={"file": "no"}), 415)


def test_unknown_request_is_not_found(service: Service):
    problem(service.http.get(f"/status/{uuid.uuid4()}"), 404)
    problem(service.http.get("/status/not-an-id"), 404)
    problem(service.http.get("/nowhere"), 404)


def test_wrong_method_is_a_problem(service: Service):
    problem(service.http.delete("/upload"), 405)


def test_status_while_unfinished_says_when_to_ask_again(service: Service, image_source: ImageServer):
    asked, photo = Event(), pictures.jpeg(64, 64)
    urls = [image_source.add(f"/{n}.jpg", photo) for n in range(2)]
    urls.append(image_source.add("/last.jpg", held_until(asked, photo, 60)))
    try:
        answer = service.http.get(f"/status/{service.upload(csv_of([urls]))}")
    finally:
        asked.set()
    assert answer.json()["status"] in ("Pending", "Processing")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["result_url"] is None


def test_status_when_finished_has_the_contracts_fields(service: Service, finished: dict[str, object]):
    fields = (
        "request_id status reason message result_url errors_url report_url counts bytes created_at started_at retry_of"
    )
    assert set(finished) == {*fields.split(), "finished_at"}
    answer = service.http.get(f"/status/{finished['request_id']}")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("name", ["result_url", "errors_url", "report_url"])
def test_result_files_have_a_strong_etag_and_are_not_sent_twice(
    service: Service, finished: dict[str, object], name: str
):
    url = str(finished[name])
    first = service.get(url)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert first.headers["x-content-type-options"] == "nosniff"
    assert service.http.get(url, headers={"if-none-match": etag}).status_code == 304


def test_image_in_ranges_is_the_whole_image(service: Service, finished: dict[str, object]):
    ((url, _),) = service.outputs(finished)
    whole = service.get(url).content
    start = service.http.get(url, headers={"range": "bytes=0-99"})
    rest = service.http.get(url, headers={"range": "bytes=100-"})
    assert (start.status_code, rest.status_code) == (206, 206)
    assert start.headers["content-range"] == f"bytes 0-99/{len(whole)}"
    assert start.content + rest.content == whole
    assert service.http.get(url, headers={"range": f"bytes={len(whole)}-"}).status_code == 416


def test_link_opens_only_its_own_object(service: Service, finished: dict[str, object]):
    ((url, _),) = service.outputs(finished)
    token = httpx.URL(str(finished["result_url"])).params["t"]
    bare = url.partition("?")[0]
    assert service.http.get(f"{bare}?t={token}").status_code in (401, 403, 404)
    assert service.http.get(f"{bare}?t=").status_code in (401, 403, 404)


def test_result_of_an_unfinished_request_is_not_found(service: Service, finished: dict[str, object]):
    assert service.http.get(f"/results/{uuid.uuid4()}/output.csv").status_code in (403, 404)
    assert service.http.get(f"/results/{finished['request_id']}/secret.txt").status_code == 404


def test_probes_metrics_and_docs_answer(service: Service):
    assert service.http.get("/livez").status_code == 200
    ready = service.http.get("/readyz")
    assert ready.status_code == 200
    assert {"database", "store"} <= set(ready.text.replace('"', " ").replace(":", " ").split())
    assert "imagebatch_" in service.http.get("/metrics").text
    page = service.http.get("/docs").text
    assert "https://" not in page.replace("https://github.com", "").replace("https://fastapi.tiangolo.com", "")
    assert "/upload" in service.http.get("/openapi.json").json()["paths"]
