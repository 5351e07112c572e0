"""What settle writes: output.csv, errors.csv, report.json, and the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, failed, succeeded

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch.settings import LinkSettings
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]
URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"]]
NO_STOP = Stop()


def finish_with_one_failed(scene: Scene) -> None:
    first, second, third = scene.images
    scene.finish_shard(0, [succeeded(first), failed(second), succeeded(third)])


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def link(name: str) -> str:
    return names.public_link("https://images.example", b"s3cret", names.image_key(REQUEST_ID, name))


def test_output_csv_with_a_failed_image_keeps_every_slot_in_place(settler: Settler, accepted: Accept) -> None:
    scene = accepted(URLS)
    finish_with_one_failed(scene)
    assert settler.settle(REQUEST_ID, NO_STOP)
    rows = table(scene.result("output.csv"))
    assert [row["Output Image Urls"] for row in rows] == [
        f"{link('0.jpg')},",
        f"{link('2.jpg')},{link('0.jpg')}",
    ]
    assert [row["Product Name"] for row in rows] == ["Product 1", "Product 2"]


def test_errors_csv_with_a_failed_image_names_its_place(settler: Settler, accepted: Accept) -> None:
    scene = accepted(URLS)
    finish_with_one_failed(scene)
    settler.settle(REQUEST_ID, NO_STOP)
    (row,) = table(scene.result("errors.csv"))
    assert list(row.values()) == ["1", "Product 1", "2", "http://a/1", "http_404", "It is not there."]


def test_report_json_of_a_batch_tells_all_that_is_known(settler: Settler, accepted: Accept) -> None:
    scene = accepted(URLS)
    finish_with_one_failed(scene)
    settler.settle(REQUEST_ID, NO_STOP)
    report = json.loads(scene.result("report.json"))
    assert report["reason"] == "PartiallySucceeded"
    assert report["counts"] == {"total": 4, "pending": 0, "succeeded": 3, "failed": 1}
    assert report["bytes"] == {"input": 2_000, "output": 800, "saved": 1_200}
    good, bad, _ = report["images"]
    assert (good["sha256"], good["slots"], good["output_url"]) == ("ab" * 32, 2, link("0.jpg"))
    assert (bad["code"], bad["output_url"]) == ("http_404", None)


def test_settle_after_a_crash_before_the_final_status_writes_the_same_bytes(
    settler: Settler, accepted: Accept, batches: MemoryBatches, clock: ManualClock
) -> None:
    scene = accepted(URLS)
    finish_with_one_failed(scene)
    batches.finish_fails = Unavailable("gone", dependency="database")
    with pytest.raises(Unavailable):
        settler.settle(REQUEST_ID, NO_STOP)
    first = [scene.result(name) for name in names.RESULT_FILES]
    batches.finish_fails = None
    clock.pass_(1_000)
    settler.settle(REQUEST_ID, NO_STOP)
    assert [scene.result(name) for name in names.RESULT_FILES] == first
    assert batches.get(REQUEST_ID).has_result


def test_settle_writes_the_output_csv_last_and_before_the_final_status(
    settler: Settler, accepted: Accept, store: MemoryBlobStore, batches: MemoryBatches
) -> None:
    accepted(URLS).finish_all()
    store.calls.clear()
    settler.settle(REQUEST_ID, NO_STOP)
    puts = [key.rpartition("/")[2] for method, key in store.calls if method == "put"]
    assert puts == ["report.json", "errors.csv", "output.csv"]


def test_settle_for_the_database_gives_every_slot_in_order(
    settler: Settler, accepted: Accept, batches: MemoryBatches
) -> None:
    finish_with_one_failed(accepted(URLS))
    settler.settle(REQUEST_ID, NO_STOP)
    slots = batches.slots[REQUEST_ID]
    assert [(slot.row, slot.position, slot.outcome.index) for slot in slots] == [
        (0, 0, 0),
        (0, 1, 1),
        (1, 0, 2),
        (1, 1, 0),
    ]
    assert [slot.output_url for slot in slots] == [link("0.jpg"), None, link("2.jpg"), link("0.jpg")]


def test_output_urls_with_a_public_bucket_point_at_it(
    accepted: Accept, batches: MemoryBatches, store: MemoryBlobStore, clock: ManualClock, metrics: Metrics
) -> None:
    links = LinkSettings(link_secret="s", output_url_base="https://cdn.example/x/")
    settler = Settler(batches=batches, store=store, links=links, key_name="k", clock=clock, metrics=metrics)
    scene = accepted(URLS[:1])
    scene.finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    (row,) = table(scene.result("output.csv"))
    expected = f"https://cdn.example/x/requests/{REQUEST_ID}/images/"
    assert row["Output Image Urls"] == f"{expected}0.jpg,{expected}1.jpg"


def test_settle_with_columns_of_its_own_carries_them_through(
    settler: Settler, accepted: Accept, store: MemoryBlobStore
) -> None:
    scene = accepted([["http://a/0"]])
    written = b"Product Name;Note;S. No.;Input Image Urls\r\nChair;=1+1;7;http://a/0\r\n"
    store.put(names.input_key(REQUEST_ID), written, "text/csv")
    scene.finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    head, row = scene.result("output.csv").decode().splitlines()
    assert head == "Product Name;Note;S. No.;Input Image Urls;Output Image Urls"
    assert row == f"Chair;'=1+1;7;http://a/0;{link('0.jpg')}"


def test_settle_of_a_long_error_message_keeps_it_in_both_files(settler: Settler, accepted: Accept) -> None:
    scene = accepted([["http://a/0"]])
    odd = replace(failed(scene.images[0]), message='A "quoted"\nmessage, with – everything')
    scene.finish_shard(0, [odd])
    settler.settle(REQUEST_ID, NO_STOP)
    assert table(scene.result("errors.csv"))[0]["Message"] == odd.message
    assert json.loads(scene.result("report.json"))["images"][0]["message"] == odd.message
