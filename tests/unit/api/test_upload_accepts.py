"""What an upload leaves behind and answers when its CSV is good."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from imagebatch.model import names
from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

CSV = (
    b"S. No.,Product Name,Input Image Urls\n"
    b'1,Lamp,"https://a.example/1.jpg,https://a.example/2.jpg"\n'
    b"2,Chair,https://a.example/1.jpg\n"
)
FORM = {"file": ("products.csv", CSV, "text/csv")}
RAW = {"Content-Type": "text/csv; charset=utf-8"}


def test_upload_of_a_form_answers_id_and_location(api: AsgiClient) -> None:
    answer = api.post("/upload", files=FORM)
    assert answer.status_code == 200
    assert list(answer.json()) == ["request_id"]
    assert str(UUID(answer.json()["request_id"])) == answer.json()["request_id"]
    assert answer.headers["location"] == f"/status/{answer.json()['request_id']}"


def test_upload_of_raw_csv_answers_like_a_form(api: AsgiClient) -> None:
    answer = api.post("/upload", content=CSV, headers=RAW)
    assert answer.status_code == 200
    assert answer.headers["location"] == f"/status/{answer.json()['request_id']}"


def test_upload_accepted_leaves_row_and_objects(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore
) -> None:
    request_id = api.post("/upload", files=FORM).json()["request_id"]
    assert store.get(names.input_key(request_id)) == CSV
    assert store.head(names.images_key(request_id)) is not None
    assert store.head(names.plan_key(request_id)) is not None
    batch = batches.batches[request_id]
    assert (batch.owner, batch.progress.counts.total) == ("local", 3)
    assert [row.serial_number for row in batches.rows[request_id]] == ["1", "2"]


OPTIONS = {
    "format": "webp",
    "quality": "70",
    "max_width": "800",
    "max_height": "600",
    "metadata": "keep",
    "never_larger": "false",
    "webhook_url": "https://shop.example/hook",
}
WANTED = OutputOptions(OutputFormat.WEBP, 70, 800, 600, Metadata.KEEP, never_larger=False)


@pytest.mark.parametrize("place", ["form", "query", "raw"])
def test_upload_options_in_form_or_query_reach_the_batch(api: AsgiClient, batches: MemoryBatches, place: str) -> None:
    if place == "form":
        answer = api.post("/upload", files=FORM, data=OPTIONS)
    elif place == "query":
        answer = api.post("/upload", files=FORM, params=OPTIONS)
    else:
        answer = api.post("/upload", content=CSV, headers=RAW, params=OPTIONS)
    spec = batches.batches[answer.json()["request_id"]].spec
    assert spec.output == WANTED
    assert spec.webhook_url == "https://shop.example/hook"


def test_upload_without_options_has_the_defaults(api: AsgiClient, batches: MemoryBatches) -> None:
    answer = api.post("/upload", files=FORM, data={"quality": "", "webhook_url": ""})
    spec = batches.batches[answer.json()["request_id"]].spec
    assert (spec.output, spec.webhook_url) == (OutputOptions(), None)


def test_upload_option_in_form_and_query_takes_the_form(api: AsgiClient, batches: MemoryBatches) -> None:
    answer = api.post("/upload", files=FORM, data={"quality": "60"}, params={"quality": 70, "max_width": 9})
    output = batches.batches[answer.json()["request_id"]].spec.output
    assert (output.quality, output.max_width) == (60, 9)


@pytest.mark.parametrize("where", ["query", "form"])
def test_upload_as_dry_run_answers_the_plan_and_stores_nothing(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, where: str
) -> None:
    option = {"dry_run": "true"}
    answer = api.post("/upload", files=FORM, **({"params": option} if where == "query" else {"data": option}))  # type: ignore[arg-type]
    assert answer.status_code == 200
    plan = {"shards": 1, "images_per_shard": 2, "parallelism": 4}
    assert answer.json() == {"dry_run": True, "rows": 2, "slots": 3, "images": 2, "plan": plan}
    assert "location" not in answer.headers
    assert (batches.batches, store.calls) == ({}, [])
