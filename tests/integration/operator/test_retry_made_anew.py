"""A retry that was deleted: it is made again once nothing is left of it, on a real Postgres and a real S3."""

from __future__ import annotations

import threading

import pytest
from support.batch_scene import REQUEST_ID
from support.stored_desk import StoredDesk

from imagebatch.model import names
from imagebatch.model.batch import Batch, BatchSpec, Reason
from imagebatch.model.errors import Conflict
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.lifecycle import Stop

RUN = threading.Event()  # never set


def test_retry_that_was_deleted_can_be_made_again_once_it_went(
    desk: StoredDesk, parent: Batch, housekeeper: Housekeeper
) -> None:
    first = desk.retry(parent)
    desk.end(desk.scene(first), 3)
    desk.delete(first)
    with pytest.raises(Conflict) as raised:
        desk.retry(parent)
    assert raised.value.code == "retry_deleted"
    housekeeper.run(RUN)
    assert desk.retry(parent) == first
    assert desk.end(desk.scene(first)).verdict.reason is Reason.ALL_SUCCEEDED
    assert None not in desk.linked(first)


def test_retry_made_anew_has_a_webhook_id_of_its_own_however_often_it_is_settled(
    desk: StoredDesk, housekeeper: Housekeeper
) -> None:
    desk.accept(BatchSpec(webhook_url="https://hooks.example/in"))
    parent = desk.end(desk.scene(REQUEST_ID), 1, 3)
    sent = [desk.delivered()]
    for bad in ([3], []):
        first = desk.retry(parent)
        assert desk.end(desk.scene(first), *bad).webhook_id == desk.webhook_id(first)
        assert desk.settler.settle(first, Stop())
        sent.append(desk.delivered())
        assert sent[-1] == desk.webhook_id(first)
        desk.delete(first)
        housekeeper.run(RUN)
    assert sent[0] == f"msg_{REQUEST_ID}"
    assert len(set(sent)) == 3


def test_retry_of_a_request_whose_deleted_retry_has_one_itself_writes_nothing(
    desk: StoredDesk, parent: Batch, housekeeper: Housekeeper
) -> None:
    first = desk.retry(parent)
    desk.retry(desk.end(desk.scene(first), 3))
    desk.delete(first)
    housekeeper.run(RUN)
    with pytest.raises(Conflict) as raised:
        desk.retry(parent)
    assert raised.value.code == "retry_deleted"
    prefix = names.request_prefix(first)
    assert [info.key.removeprefix(prefix) for info in desk.store.list(prefix)] == ["images/1.jpg"]
