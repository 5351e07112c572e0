"""A resource written by hand with a CSV of each kind becomes a request, or ends with the reason."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from support.intake_desk import CSV, IntakeDesk

from imagebatch.cluster.client import CONFIG_MAPS
from imagebatch.model.batch import Batch, Reason, Resource, Status
from imagebatch.model.errors import ImageRejected
from imagebatch.model.names import images_key, input_key, plan_key

SHA = hashlib.sha256(CSV.encode()).hexdigest()
OBJECT = {"objectKey": "inbox/mugs.csv", "sha256": SHA}
REF = {"configMapKeyRef": {"name": "csvs", "key": "mugs.csv"}}
URL = {"url": "https://shop.example/mugs.csv"}
INLINE = {"inline": CSV}


@pytest.fixture
def desk() -> IntakeDesk:
    desk = IntakeDesk()
    desk.store.put("inbox/mugs.csv", CSV.encode(), "text/csv")
    desk.cluster.put(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "data": {"mugs.csv": CSV}})
    return desk


def refused(batch: Batch) -> str:
    assert (batch.status, batch.verdict.reason) == (Status.FAILED, Reason.INVALID_SOURCE)
    return batch.verdict.message


@pytest.mark.parametrize("source", [INLINE, OBJECT, REF, URL], ids=["inline", "object", "config-map", "url"])
def test_source_of_each_kind_when_valid_becomes_a_request(desk: IntakeDesk, source: dict[str, Any]) -> None:
    batch = desk.taken(source=source, parallelism=2, output={"quality": 80})
    request_id = batch.request_id
    assert (batch.owner, batch.status) == ("k8s:shop", Status.PENDING)
    assert batch.resource == Resource("shop", "mugs", request_id)
    assert (batch.spec.output.quality, batch.spec.parallelism, batch.spec.retries_per_shard) == (80, 2, 2)
    assert batch.source_sha256 == SHA
    assert [row.product_name for row in desk.database.batches.rows[request_id]] == ["Mug", "Cup"]
    assert desk.store.get(input_key(request_id)) == CSV.encode()
    assert desk.store.head(images_key(request_id))
    assert desk.store.head(plan_key(request_id))


def test_source_in_binary_data_of_a_config_map_is_read_as_bytes(desk: IntakeDesk) -> None:
    data = base64.b64encode(CSV.encode("utf-16")).decode()
    desk.cluster.put(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "binaryData": {"mugs.csv": data}})
    assert desk.taken(source=REF).progress.counts.total == 2


def test_source_that_was_taken_in_is_never_read_again(desk: IntakeDesk) -> None:
    batch = desk.taken(source=URL)
    assert desk.intake.take_in(batch.request_id) is False
    assert desk.http.asked == [(URL["url"], 1_000)]


@pytest.mark.parametrize("key", ["mugs.csv", "inbox", "INBOX/mugs.csv", "requests/a/input.csv", "/inbox/mugs.csv"])
def test_object_outside_the_inbox_is_not_read(desk: IntakeDesk, key: str) -> None:
    desk.store.put(key, CSV.encode(), "text/csv")
    desk.store.calls.clear()
    assert "must lie under inbox/" in refused(desk.taken(source={"objectKey": key, "sha256": SHA}))
    assert ("get", key) not in desk.store.calls


def test_object_with_another_checksum_is_refused(desk: IntakeDesk) -> None:
    assert "another SHA-256" in refused(desk.taken(source={**OBJECT, "sha256": "ab" * 32}))


def test_object_that_is_too_large_is_refused_unread(desk: IntakeDesk) -> None:
    desk.store.put("inbox/mugs.csv", b"x" * 1_001, "text/csv")
    desk.store.calls.clear()
    assert "has 1,001 bytes; 1,000 are allowed" in refused(desk.taken(source=OBJECT))
    assert ("get", "inbox/mugs.csv") not in desk.store.calls


@pytest.mark.parametrize("source", [{"inline": "x" * 1_001}, URL, REF], ids=["inline", "url", "config-map"])
def test_source_of_any_other_kind_that_is_too_large_is_refused(desk: IntakeDesk, source: dict[str, Any]) -> None:
    desk.http.body = b"x" * 1_001
    desk.cluster.put(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "data": {"mugs.csv": "x" * 1_001}})
    assert "has 1,001 bytes; 1,000 are allowed" in refused(desk.taken(source=source))


@pytest.mark.parametrize("code", ["blocked_address", "http_404", "too_large", "tls_error", "too_many_redirects"])
def test_url_whose_answer_is_final_is_refused_at_once(desk: IntakeDesk, code: str) -> None:
    desk.http.error = ImageRejected(code, "No.")
    assert refused(desk.taken(source=URL)) == "The CSV cannot be fetched: No."


def test_csv_with_wrong_rows_is_refused_with_each_of_them_named(desk: IntakeDesk) -> None:
    rows = "1,Mug,http://a/0\n1,,ftp://a/1\n"
    message = refused(desk.taken(source={"inline": CSV.splitlines()[0] + "\n" + rows}))
    assert "line 3: " in message
    assert message.count("line 3: ") == 3
    assert not message.endswith(";")


def test_csv_with_very_many_wrong_rows_is_refused_with_the_first_twenty(desk: IntakeDesk) -> None:
    desk.limits = desk.limits.__class__(max_bytes=10_000)
    desk.restart()
    rows = "".join(f"{number},Mug,x\n" for number in range(1, 31))
    message = refused(desk.taken(source={"inline": CSV.splitlines()[0] + "\n" + rows}))
    assert message.count("line ") == 20
    assert "line 21: " in message
    assert message.endswith("; and 10 more")


@pytest.mark.parametrize("text", ["\0", "", "\x1a", "a,b\n1,2\n", "\ufeff", '"'])
def test_csv_that_is_none_is_refused_in_words_that_every_place_can_hold(desk: IntakeDesk, text: str) -> None:
    message = refused(desk.taken(source={"inline": text}))
    assert message.isprintable()


@pytest.mark.parametrize("webhook", [{}, {"webhook": {"url": "https://mine.example/", "keyName": "mine"}}])
def test_refusal_is_told_to_the_receiver_as_every_end_is(desk: IntakeDesk, webhook: dict[str, Any]) -> None:
    batch = desk.taken(source={"inline": "x"}, **webhook)
    delivery = desk.database.batches.finals[batch.request_id].delivery
    assert delivery is not None
    expected = ("https://mine.example/", "mine") if webhook else ("https://default.example/", "default")
    assert (delivery.url, delivery.key_name) == expected
    assert b'"reason": "InvalidSource"' in delivery.body
    assert b'"result_url": null' in delivery.body


def test_refusal_when_taken_in_again_is_not_made_twice(desk: IntakeDesk) -> None:
    batch = desk.taken(source={"inline": "x"})
    assert desk.intake.take_in(batch.request_id) is False
    assert len(desk.database.batches.finals) == 1
