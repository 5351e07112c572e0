"""/livez, /readyz and /metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from prometheus_client.parser import text_string_to_metric_families

from imagebatch.model.errors import Unavailable
from imagebatch_api.calls import BoundedCalls
from imagebatch_api.container import CHECKS_AT_ONCE

if TYPE_CHECKING:
    from threading import Event

    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch_api.container import Container

DOWN = Unavailable("it does not answer", dependency="store")


def test_livez_during_an_outage_is_200(api: AsgiClient, store: MemoryBlobStore, batches: MemoryBatches) -> None:
    store.outage = batches.outage = DOWN
    assert (api.get("/livez").status_code, api.get("/livez").json()) == (200, {"status": "alive"})


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_health_while_every_thread_is_busy_is_still_told(api: AsgiClient, path: str) -> None:
    async def fill() -> None:
        limiter = anyio.to_thread.current_default_thread_limiter()
        for number in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(number)

    api.run(fill())
    assert api.get(path).status_code == 200


def test_readyz_when_all_is_well_names_each_dependency(api: AsgiClient) -> None:
    answer = api.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "dependencies": [
            {"name": "database", "ready": True, "message": None},
            {"name": "store", "ready": True, "message": None},
        ],
    }


@pytest.mark.parametrize("down", ["database", "store"])
def test_readyz_during_an_outage_is_503_and_names_it(
    api: AsgiClient, store: MemoryBlobStore, batches: MemoryBatches, down: str
) -> None:
    (batches if down == "database" else store).outage = DOWN
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    found = {each["name"]: each["ready"] for each in answer.json()["dependencies"]}
    assert found == {"database": down != "database", "store": down != "store"}
    assert "it does not answer" in str(answer.json())


def test_readyz_when_a_check_hangs_is_503_in_time_and_keeps_few_threads(
    api: AsgiClient, container: Container, store: MemoryBlobStore, monkeypatch: pytest.MonkeyPatch, hanging: Event
) -> None:
    asked = []

    def hang() -> None:
        asked.append(hanging)
        hanging.wait()

    object.__setattr__(container, "store_checks", BoundedCalls("store", CHECKS_AT_ONCE, 0.05))
    monkeypatch.setattr(store, "check", hang)
    for _ in range(3 * CHECKS_AT_ONCE):
        answer = api.get("/readyz")
        assert answer.status_code == 503
        database, stalled = answer.json()["dependencies"]
        assert stalled["message"] == "the store gave no answer in 0.05 seconds"
        assert database["ready"]
    assert len(asked) <= CHECKS_AT_ONCE


def test_metrics_after_requests_count_them_by_route(api: AsgiClient) -> None:
    api.get("/livez")
    api.get("/status/none")
    api.get("/nowhere")
    api.request("BREW", "/livez")
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counted = [tuple(sample.labels.values()) for sample in found["imagebatch_http_requests"].samples]
    for labels in (
        ("GET", "/livez", "200"),
        ("GET", "/status/{request_id}", "404"),
        ("GET", "unmatched", "404"),
        ("other", "/livez", "405"),
    ):
        assert labels in [each for each in counted if len(each) == 3]
    assert "imagebatch_http_seconds" in found
