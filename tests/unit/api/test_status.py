"""GET /status/{request_id}: exactly the fields of the reference, from the row alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted

from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.ports import Final, NewBatch

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from support.asgi_client import AsgiClient

    from imagebatch.settings import ApiSettings

ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STARTED = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
FINISHED = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)


def put(batches: MemoryBatches, owner: str = "local") -> None:
    batches.batches[ID] = as_accepted(NewBatch(ID, owner, BatchSpec(), "0" * 64, Progress(Counts(10)), CREATED))


def test_status_of_a_new_request_has_every_field(api: AsgiClient, batches: MemoryBatches) -> None:
    put(batches)
    answer = api.get(f"/status/{ID}")
    assert answer.status_code == 200
    assert answer.json() == {
        "request_id": ID,
        "status": "Pending",
        "reason": "Accepted",
        "message": "Accepted.",
        "result_url": None,
        "errors_url": None,
        "report_url": None,
        "counts": {"total": 10, "pending": 10, "succeeded": 0, "failed": 0},
        "bytes": {"input": 0, "output": 0, "saved": 0},
        "created_at": "2026-01-02T03:04:05Z",
        "started_at": None,
        "finished_at": None,
        "retry_of": None,
    }


def test_status_of_an_unfinished_request_says_when_to_ask_again(api: AsgiClient, batches: MemoryBatches) -> None:
    put(batches)
    progress = Progress(Counts(10, 3, 1), Bytes(900, 400))
    batches.record_progress(ID, Verdict(Status.PROCESSING, Reason.RUNNING, "Running."), progress, STARTED)
    answer = api.get(f"/status/{ID}")
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("1", "no-store")
    assert answer.json()["counts"] == {"total": 10, "pending": 6, "succeeded": 3, "failed": 1}
    assert answer.json()["bytes"] == {"input": 900, "output": 400, "saved": 500}
    assert answer.json()["started_at"] == "2026-01-02T03:04:06Z"


@pytest.mark.parametrize("has_result", [True, False])
def test_status_of_a_finished_request_links_what_exists(
    api: AsgiClient, batches: MemoryBatches, settings: ApiSettings, has_result: bool
) -> None:
    put(batches)
    verdict = Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, "All.")
    batches.finish(ID, Final(verdict, Progress(Counts(10, 10)), has_result, FINISHED), [])
    answer = api.get(f"/status/{ID}")
    assert "retry-after" not in answer.headers
    assert answer.json()["finished_at"] == "2026-01-02T03:05:00Z"
    for field, name in (("result_url", "output.csv"), ("errors_url", "errors.csv"), ("report_url", "report.json")):
        token = names.link_token(settings.links.link_secret.encode(), names.result_key(ID, name))
        link = f"https://images.example.com/results/{ID}/{name}?t={token}"
        assert answer.json()[field] == (link if has_result else None)


def test_status_of_another_owners_request_is_404(api: AsgiClient, batches: MemoryBatches) -> None:
    put(batches, owner="somebody else")
    foreign, unknown = api.get(f"/status/{ID}"), api.get("/status/00000000-0000-4000-8000-000000000000")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert foreign.json() == unknown.json()


@pytest.mark.parametrize("text", ["1", "x" * 3_000, ID.upper(), "%00", "..%2f..", "' or 1=1"])
def test_status_of_what_is_no_id_is_404(api: AsgiClient, batches: MemoryBatches, text: str) -> None:
    put(batches)
    answer = api.get(f"/status/{text}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
