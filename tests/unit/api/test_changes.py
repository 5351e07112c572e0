"""Cancel, retry and delete."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from support.batch_scene import failed, make_scene, succeeded
from support.sample_batches import DONE
from support.waiting import eventually

from imagebatch.intake import LARGE_CSV_BYTES
from imagebatch.model import names
from imagebatch.model.batch import Counts, Progress, Reason, Status, Verdict
from imagebatch.model.errors import Unavailable
from imagebatch.ports import Final, SettledSlot

if TYPE_CHECKING:
    from threading import Event

    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch_api.container import Container

CSV = (
    b"S. No.,Product Name,Input Image Urls\n"
    b'1,Lamp,"https://a.example/1.jpg,https://a.example/2.jpg"\n'
    b"2,Chair,https://a.example/3.jpg\n"
)
NOW = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)
CANCELLED = Verdict(Status.FAILED, Reason.CANCELLED, "Cancelled; 1 of 3 images succeeded.")
ALL = Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, "All 3 images succeeded.")


@pytest.fixture
def made(api: AsgiClient) -> str:
    """The id of a new request."""
    return str(api.post("/upload", content=CSV, headers={"Content-Type": "text/csv"}).json()["request_id"])


def finish(batches: MemoryBatches, store: MemoryBlobStore, request_id: str, verdict: Verdict, bad: int = 1) -> None:
    """End a request, with its last `bad` images failed."""
    urls = [["https://a.example/1.jpg", "https://a.example/2.jpg"], ["https://a.example/3.jpg"]]
    scene = make_scene(store, urls, request_id=request_id)
    outcomes = [failed(image) if image.index >= 3 - bad else succeeded(image) for image in scene.images]
    slots = [
        SettledSlot(row, position, outcomes[image.index], None)
        for image in scene.images
        for row, position in image.slots
    ]
    batches.finish(request_id, Final(verdict, Progress(Counts(3, 3 - bad, bad)), True, NOW), slots)


def test_cancel_of_a_new_request_is_told_at_once_and_again(api: AsgiClient, batches: MemoryBatches, made: str) -> None:
    for _ in range(2):
        answer = api.post(f"/requests/{made}/cancel")
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["reason"]) == ("Processing", "Cancelling")
        assert batches.batches[made].intent.cancel
    assert api.get(f"/status/{made}").json() == answer.json()


def test_cancel_of_a_cancelled_request_is_200(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, CANCELLED)
    answer = api.post(f"/requests/{made}/cancel")
    assert (answer.status_code, answer.json()["reason"]) == (200, "Cancelled")


def test_cancel_of_a_request_that_ended_is_409(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    answer = api.post(f"/requests/{made}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_final")


def test_retry_of_a_request_with_failures_is_one_new_request(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    first, again = (api.post(f"/requests/{made}/retry") for _ in range(2))
    new = first.json()["request_id"]
    assert (first.status_code, new) == (200, names.retry_id(made))
    assert (again.json(), again.headers["location"]) == (first.json(), f"/status/{new}")
    status = api.get(f"/status/{new}").json()
    assert status["retry_of"] == made
    assert status["counts"] == {"total": 3, "pending": 1, "succeeded": 2, "failed": 0}


@pytest.mark.parametrize("ended", [False, True])
def test_retry_of_a_request_without_failures_is_409(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str, ended: bool
) -> None:
    if ended:
        finish(batches, store, made, ALL, bad=0)
    answer = api.post(f"/requests/{made}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_retryable")
    assert list(batches.batches) == [made]


@pytest.mark.parametrize(("csv_bytes", "turns"), [(len(CSV), "uploads"), (2 * LARGE_CSV_BYTES, "large_uploads")])
def test_retry_takes_its_turn_among_uploads_of_its_size(
    api: AsgiClient,
    container: Container,
    batches: MemoryBatches,
    store: MemoryBlobStore,
    made: str,
    csv_bytes: int,
    turns: str,
    hanging: Event,
) -> None:
    finish(batches, store, made, DONE)
    store.put(names.input_key(made), CSV + b"\n" * (csv_bytes - len(CSV)), "text/csv")
    busy, done = getattr(container, turns), ThreadPoolExecutor(1)
    working = [busy._threads.submit(hanging.wait) for _ in range(busy._threads._max_workers)]
    retried = done.submit(api.post, f"/requests/{made}/retry")
    eventually(busy._threads._work_queue.qsize, what="the retry waiting for its turn")
    assert list(batches.batches) == [made]
    hanging.set()
    assert retried.result(10).status_code == 200
    assert all(each.result(10) for each in working)


def test_retry_whose_request_was_deleted_is_409(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    new = api.post(f"/requests/{made}/retry").json()["request_id"]
    batches.finish(new, Final(ALL, Progress(Counts(3, 3)), True, NOW), [])
    assert api.request("DELETE", f"/requests/{new}").status_code == 204
    answer = api.post(f"/requests/{made}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "retry_deleted")


def test_retry_while_the_store_is_down_is_503(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    store.outage = Unavailable("it does not answer", dependency="store")
    answer = api.post(f"/requests/{made}/retry")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


def test_retry_that_is_there_while_the_store_is_down_is_told(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    first = api.post(f"/requests/{made}/retry")
    store.outage = Unavailable("it does not answer", dependency="store")
    again = api.post(f"/requests/{made}/retry")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["location"] == first.headers["location"]


def test_retry_that_is_refused_while_the_store_is_down_is_409(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    store.outage = Unavailable("it does not answer", dependency="store")
    answer = api.post(f"/requests/{made}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_retryable")


def test_retry_that_was_deleted_while_the_store_is_down_is_409(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    new = api.post(f"/requests/{made}/retry").json()["request_id"]
    batches.finish(new, Final(ALL, Progress(Counts(3, 3)), True, NOW), [])
    assert api.request("DELETE", f"/requests/{new}").status_code == 204
    store.outage = Unavailable("it does not answer", dependency="store")
    answer = api.post(f"/requests/{made}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "retry_deleted")


def test_delete_of_a_request_that_ended_hides_it_everywhere(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, made: str
) -> None:
    finish(batches, store, made, DONE)
    for _ in range(2):
        answer = api.request("DELETE", f"/requests/{made}")
        assert (answer.status_code, answer.content) == (204, b"")
    for path in ("/status/{}", "/status/{}/events", "/requests/{}/images", "/requests/{}/webhook"):
        assert api.get(path.format(made)).status_code == 404
    for path in ("cancel", "retry", "webhook/redeliver"):
        assert api.post(f"/requests/{made}/{path}").status_code == 404
    assert api.get("/requests").json()["requests"] == []


def test_delete_of_a_request_at_work_is_409(api: AsgiClient, made: str) -> None:
    answer = api.request("DELETE", f"/requests/{made}")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_final")
    assert api.get(f"/status/{made}").status_code == 200
