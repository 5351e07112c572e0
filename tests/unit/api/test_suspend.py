"""Suspend and resume."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from support.asgi_client import AsgiClient
from support.sample_batches import end

from imagebatch.model.batch import Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.model.errors import ImageBatchError, Refused, Unavailable
from imagebatch_api.app import create_app
from imagebatch_api.container import build_container

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.memory_batches import MemoryBatches

    from imagebatch.model.batch import Batch
    from imagebatch.settings import ApiSettings
    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n2,Chair,https://a.example/3.jpg\n"
NOW = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)
RUNNING = Verdict(Status.PROCESSING, Reason.RUNNING, "1 of 2 images are done.")
CANCELLED = Verdict(Status.FAILED, Reason.CANCELLED, "Cancelled; 1 of 2 images succeeded.")
BOTH = ("suspend", "resume")


class Registry:
    """A cluster that says no, or nothing."""

    def __init__(self, trouble: ImageBatchError) -> None:
        self.trouble = trouble

    def place(self, request_id: str) -> None:
        return None

    def suspend(self, batch: Batch, *, suspended: bool) -> None:
        raise self.trouble


@pytest.fixture
def made(api: AsgiClient) -> str:
    """The id of a new request."""
    return str(api.post("/upload", content=CSV, headers={"Content-Type": "text/csv"}).json()["request_id"])


@pytest.fixture
def trouble() -> Unavailable:
    return Unavailable("GET ib-1: 10.0.0.1 is away", dependency="cluster")


@pytest.fixture
def troubled(container: Container, trouble: ImageBatchError) -> Iterator[AsgiClient]:
    """The API where the registry cannot be told anything."""
    registry = Registry(trouble)
    with AsgiClient(create_app(replace(container, registry=registry))) as client:  # type: ignore[arg-type]
        yield client


def say(api: AsgiClient, word: str, request_id: str) -> tuple[int, str, str]:
    answer = api.post(f"/requests/{request_id}/{word}")
    return answer.status_code, answer.json()["status"], answer.json()["reason"]


def test_suspend_of_a_new_request_is_told_at_once_and_again(api: AsgiClient, batches: MemoryBatches, made: str) -> None:
    first, again = (api.post(f"/requests/{made}/suspend") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == api.get(f"/status/{made}").json()
    assert (first.json()["status"], first.json()["reason"]) == ("Pending", "Suspended")
    assert first.json()["message"] == "Suspended; 0 of 2 images are done."
    assert batches.batches[made].intent.suspend


def test_suspend_of_a_running_request_keeps_its_status_and_counts(
    api: AsgiClient, batches: MemoryBatches, made: str
) -> None:
    batches.record_progress(made, RUNNING, Progress(Counts(2, 1), Bytes(9, 4)), NOW)
    assert say(api, "suspend", made) == (200, "Processing", "Suspended")
    assert api.get(f"/status/{made}").json()["counts"]["succeeded"] == 1


@pytest.mark.parametrize(("before", "after"), [(None, ("Pending", "Queued")), (RUNNING, ("Processing", "Running"))])
def test_resume_of_a_suspended_request_is_told_at_once_and_again(
    api: AsgiClient, batches: MemoryBatches, made: str, before: Verdict | None, after: tuple[str, str]
) -> None:
    if before is not None:
        batches.record_progress(made, before, Progress(Counts(2, 1)), NOW)
    say(api, "suspend", made)
    for _ in range(2):
        assert say(api, "resume", made) == (200, *after)
        assert not batches.batches[made].intent.suspend


def test_resume_of_a_request_that_does_not_rest_changes_nothing(
    api: AsgiClient, batches: MemoryBatches, made: str
) -> None:
    before = batches.batches[made]
    assert say(api, "resume", made) == (200, "Pending", "Accepted")
    assert batches.batches[made] == before


def test_suspend_of_a_cancelled_request_still_shows_the_cancel(api: AsgiClient, made: str) -> None:
    api.post(f"/requests/{made}/cancel")
    assert say(api, "suspend", made) == (200, "Processing", "Cancelling")


@pytest.mark.parametrize("word", BOTH)
@pytest.mark.parametrize("verdict", [CANCELLED, None], ids=["cancelled", "completed"])
def test_a_request_that_ended_is_409(
    api: AsgiClient, batches: MemoryBatches, made: str, word: str, verdict: Verdict | None
) -> None:
    final = replace(end(verdict=verdict) if verdict else end(), progress=Progress(Counts(2, 1, 1)))
    assert batches.finish(made, final, [])
    answer = api.post(f"/requests/{made}/{word}")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_final")


@pytest.mark.parametrize("word", BOTH)
def test_a_request_that_ends_meanwhile_is_409(
    api: AsgiClient, batches: MemoryBatches, made: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(request_id: str, *_: object, **__: object) -> None:
        batches.finish(request_id, replace(end(), progress=Progress(Counts(2, 1, 1))), [])

    monkeypatch.setattr(batches, "record_intent", too_late)
    answer = api.post(f"/requests/{made}/{word}")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_final")


@pytest.mark.parametrize("word", BOTH)
@pytest.mark.parametrize("request_id", ["0f0f0f0f-5d0a-4c55-9d0e-3d9b7e1f6a11", "x"])
def test_a_request_of_nobody_is_404(api: AsgiClient, word: str, request_id: str) -> None:
    answer = api.post(f"/requests/{request_id}/{word}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("word", BOTH)
def test_a_request_of_another_owner_is_404_and_stays_as_it_is(
    api: AsgiClient, batches: MemoryBatches, made: str, word: str
) -> None:
    theirs = batches.batches[made] = replace(batches.batches[made], owner="somebody")
    assert api.post(f"/requests/{made}/{word}").status_code == 404
    assert batches.batches[made] == theirs


@pytest.mark.parametrize("word", BOTH)
def test_a_request_while_the_database_is_down_is_503(
    api: AsgiClient, batches: MemoryBatches, made: str, word: str
) -> None:
    batches.outage = Unavailable("it does not answer", dependency="database")
    answer = api.post(f"/requests/{made}/{word}")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


@pytest.mark.parametrize("word", BOTH)
@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (Unavailable("10.0.0.1 is away", dependency="cluster"), 503, "cluster_unavailable"),
        (Refused("account 10.0.0.1 may not"), 502, "cluster_refused"),
    ],
)
def test_a_request_while_the_cluster_says_no_is_answered_so_in_words_for_strangers(
    troubled: AsgiClient, batches: MemoryBatches, made: str, word: str, status: int, code: str
) -> None:
    before = batches.batches[made]
    answer = troubled.post(f"/requests/{made}/{word}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) is (status == 503)
    assert "10.0.0.1" not in answer.text
    assert batches.batches[made] == before


@pytest.mark.parametrize(("namespace", "dependency"), [("", "database"), ("shop", "cluster")])
def test_the_registry_that_is_silent_is_named_for_where_it_is(
    settings: ApiSettings, namespace: str, dependency: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagebatch.cluster.connect", lambda *_: object())
    cluster = replace(settings.cluster, namespace=namespace)
    container = build_container(replace(settings, cluster=cluster))
    container.close()
    assert container.registry_calls.dependency == dependency
