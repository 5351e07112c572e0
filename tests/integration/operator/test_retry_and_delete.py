"""Retry, retry of the retry, and deletion in either order, on a real Postgres and a real S3."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from support.batch_scene import REQUEST_ID
from support.stored_desk import StoredDesk

from imagebatch.model import names
from imagebatch.model.batch import Batch, Counts, Reason
from imagebatch.model.errors import NotFound
from imagebatch_operator.housekeeping import Housekeeper

RUN = threading.Event()  # never set


def test_retry_of_a_retry_ends_with_a_whole_csv_over_the_chain(desk: StoredDesk, parent: Batch) -> None:
    first = desk.retry(parent)
    assert desk.database.batches.get(first).progress.counts == Counts(6, 3)
    assert [image.index for image in desk.scene(first).images] == [1, 3]
    middle = desk.end(desk.scene(first), 3)
    assert (middle.progress.counts, middle.retry_of) == (Counts(6, 5, 1), REQUEST_ID)
    second = desk.retry(middle)
    assert [image.index for image in desk.scene(second).images] == [3]
    last = desk.end(desk.scene(second))
    assert (last.verdict.reason, last.progress.counts) == (Reason.ALL_SUCCEEDED, Counts(6, 6))
    a, b, c = (each.encode() for each in (REQUEST_ID, first, second))
    assert desk.linked(second) == [a, b, a, a, c, b]
    assert last.progress.bytes == parent.progress.bytes.__class__(4_000, 1_600)


def test_retry_by_many_at_once_is_one(desk: StoredDesk, parent: Batch) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: desk.retry(parent), range(8)))
    assert made == {names.retry_id(REQUEST_ID)}
    assert desk.database.batches.unfinished() == list(made)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_delete_along_a_chain_in_any_order_keeps_what_the_others_link_to(
    desk: StoredDesk, parent: Batch, housekeeper: Housekeeper, order: tuple[int, ...]
) -> None:
    first = desk.retry(parent)
    second = desk.retry(desk.end(desk.scene(first), 3))
    desk.end(desk.scene(second))
    chain = [REQUEST_ID, first, second]
    linked = {request_id: desk.linked(request_id) for request_id in chain}
    for place in order:
        desk.delete(chain[place])
        del linked[chain[place]]
        housekeeper.run(RUN, everything=False)
        housekeeper.run(RUN)
        assert {request_id: desk.linked(request_id) for request_id in linked} == linked
        with pytest.raises(NotFound):
            desk.database.batches.get(chain[place])
    assert desk.database.archive.known(chain) == frozenset()
    assert list(desk.store.folders("requests/")) == []


def test_delete_of_a_parent_leaves_nothing_of_it_but_its_images(
    desk: StoredDesk, parent: Batch, housekeeper: Housekeeper
) -> None:
    desk.retry(parent)
    desk.delete(REQUEST_ID)
    housekeeper.run(RUN)
    prefix = names.request_prefix(REQUEST_ID)
    left = [info.key.removeprefix(prefix) for info in desk.store.list(prefix)]
    assert left == ["images/0.jpg", "images/2.jpg"]
    desk.end(desk.scene(names.retry_id(REQUEST_ID)))
    assert None not in desk.linked(names.retry_id(REQUEST_ID))


def test_retry_of_a_request_that_is_deleted_meanwhile_finds_nothing(desk: StoredDesk, parent: Batch) -> None:
    desk.delete(REQUEST_ID)
    with pytest.raises(NotFound):
        desk.retry(parent)
    assert desk.database.batches.unfinished() == []
