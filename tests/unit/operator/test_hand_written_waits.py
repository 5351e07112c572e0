"""What a resource needs and is not there yet is waited for; what was begun is gone on with."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.memory_cluster import MemoryCluster
from support.intake_desk import CSV, IntakeDesk

from imagebatch.cluster.client import CONFIG_MAPS, IMAGE_BATCHES
from imagebatch.model.batch import Reason
from imagebatch.model.errors import ImageRejected, Refused, Unavailable
from imagebatch.model.names import input_key

REF = {"configMapKeyRef": {"name": "csvs", "key": "mugs.csv"}}
OBJECT = {"objectKey": "inbox/mugs.csv", "sha256": "ab" * 32}
URL = {"url": "https://shop.example/mugs.csv?signature=hidden"}
PARENT = "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"


@pytest.fixture
def desk() -> IntakeDesk:
    return IntakeDesk()


def waits(desk: IntakeDesk, request_id: str) -> str:
    with pytest.raises(Unavailable) as raised:
        desk.intake.take_in(request_id)
    return raised.value.message


def has_a_row(desk: IntakeDesk, request_id: str) -> bool:
    return request_id in desk.database.batches.batches


def test_config_map_that_comes_later_is_taken_in_then(desk: IntakeDesk) -> None:
    request_id = desk.write(source=REF)
    assert "no ConfigMap 'csvs'" in waits(desk, request_id)
    desk.clock.pass_(299)
    assert "no ConfigMap 'csvs'" in waits(desk, request_id)
    desk.cluster.put(CONFIG_MAPS, {"metadata": {"name": "csvs"}, "data": {"mugs.csv": CSV}})
    assert desk.intake.take_in(request_id)
    assert desk.cluster.told() == [("Warning", "SourceMissing")]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"source": REF}, "there is no ConfigMap 'csvs' in this namespace"),
        ({"source": OBJECT}, "there is no object inbox/mugs.csv"),
        ({"source": URL}, "The CSV cannot be fetched now: It does not answer."),
        ({"retryOf": PARENT}, f"there is no request {PARENT}"),
    ],
    ids=["config-map", "object", "url", "retry"],
)
def test_source_that_never_comes_ends_the_request_after_five_minutes(
    desk: IntakeDesk, spec: dict[str, Any], words: str
) -> None:
    desk.http.error = ImageRejected("connect_failed", "It does not answer.")
    request_id = desk.write(**spec)
    waits(desk, request_id)
    desk.clock.pass_(300)
    assert desk.intake.take_in(request_id)
    verdict = desk.database.batches.get(request_id).verdict
    assert (verdict.reason, verdict.message) == (Reason.INVALID_SOURCE, words)


@pytest.mark.parametrize("code", ["dns_failure", "connect_failed", "timeout", "http_408", "http_429", "http_503"])
def test_url_that_does_not_answer_now_is_asked_again_and_not_named(desk: IntakeDesk, code: str) -> None:
    desk.http.error = ImageRejected(code, "Not now.")
    request_id = desk.write(source=URL)
    assert "hidden" not in waits(desk, request_id)
    desk.http.error = None
    assert desk.intake.take_in(request_id)


def test_source_that_the_cluster_does_not_allow_to_read_ends_the_request_in_its_words(desk: IntakeDesk) -> None:
    request_id = desk.write(source=REF)
    desk.cluster.meanwhile = refuse_config_maps
    assert "forbidden" in waits(desk, request_id)
    desk.clock.pass_(300)
    assert desk.intake.take_in(request_id)
    assert "forbidden" in desk.database.batches.get(request_id).verdict.message


def refuse_config_maps(verb: str, kind: object, name: str) -> None:
    if kind == CONFIG_MAPS:
        raise Refused(f"{verb} configmaps {name}: 403 forbidden")


@pytest.mark.parametrize("dependency", ["store", "database"])
def test_outage_of_what_is_ours_is_waited_out_without_end(desk: IntakeDesk, dependency: str) -> None:
    request_id = desk.write(source=OBJECT)
    outage = Unavailable("gone", dependency=dependency)
    if dependency == "store":
        desk.store.outage = outage
    else:
        desk.store.put(input_key(request_id), CSV.encode(), "text/csv")
        desk.database.batches.outage = outage
    for _ in range(3):
        assert waits(desk, request_id) == "gone"
        desk.clock.pass_(3_600)
    assert not has_a_row(desk, request_id)
    assert desk.cluster.told() == []


def test_wait_of_an_operator_that_was_restarted_begins_anew(desk: IntakeDesk) -> None:
    request_id = desk.write(source=REF)
    waits(desk, request_id)
    desk.clock.pass_(300)
    desk.restart()
    waits(desk, request_id)
    assert not has_a_row(desk, request_id)


def test_intake_cut_off_between_store_and_row_reads_what_it_stored(
    desk: IntakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = desk.write(source=URL)
    with monkeypatch.context() as patched:
        patched.setattr(desk.database.batches, "accept", unavailable)
        waits(desk, request_id)
    assert desk.store.get(input_key(request_id)) == CSV.encode()
    desk.http.body = CSV.replace("Mug", "Pot").encode()
    desk.restart()
    assert desk.intake.take_in(request_id)
    assert [row.product_name for row in desk.database.batches.rows[request_id]] == ["Mug", "Cup"]
    assert len(desk.http.asked) == 1


def unavailable(*_: object) -> None:
    raise Unavailable("gone", dependency="database")


def test_resource_that_is_deleted_while_it_waits_becomes_nothing(desk: IntakeDesk) -> None:
    request_id = desk.write(source=REF)
    waits(desk, request_id)
    desk.cluster.remove(IMAGE_BATCHES, "mugs")
    assert desk.intake.take_in(request_id) is False
    assert not has_a_row(desk, request_id)


def test_id_that_nobody_wrote_becomes_nothing(desk: IntakeDesk) -> None:
    cluster: MemoryCluster = desk.cluster
    assert desk.intake.take_in(PARENT) is False
    assert cluster.requests == []


def test_row_that_was_marked_deleted_is_never_made_again(desk: IntakeDesk) -> None:
    batch = desk.end(desk.taken(source={"inline": CSV}))
    desk.database.archive.mark_deleted(batch.request_id, frozenset({"k8s:shop"}), desk.clock.now())
    desk.restart()
    assert desk.intake.take_in(batch.request_id) is False
