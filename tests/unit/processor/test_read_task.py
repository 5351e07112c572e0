"""A shard whose plan or list of images cannot be read will never run: Misconfigured or NotFound, never a retry."""

from __future__ import annotations

import json

import pytest
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import JSONL, REQUEST_ID, make_scene

from imagebatch.model import names
from imagebatch.model.errors import Misconfigured, NotFound
from imagebatch_processor.run import Task, read_task

TASK = Task(REQUEST_ID, 0)


@pytest.fixture
def store() -> MemoryBlobStore:
    made = MemoryBlobStore()
    make_scene(made, [["https://a.example/1.jpg"], ["https://a.example/2.jpg"]])
    return made


def change_plan(store: MemoryBlobStore, **changes: object) -> None:
    plan = json.loads(store.get(names.plan_key(REQUEST_ID)))
    store.put(names.plan_key(REQUEST_ID), json.dumps({**plan, **changes}).encode(), "application/json")


def test_read_task_returns_plan_and_images(store: MemoryBlobStore):
    plan, images = read_task(store, TASK)
    assert [image.index for image in images] == [0, 1]
    assert plan.request_id == REQUEST_ID


def test_read_task_when_there_is_no_plan_is_not_found():
    with pytest.raises(NotFound):
        read_task(MemoryBlobStore(), TASK)


@pytest.mark.parametrize("plan", [b"", b"{", b"\xff", b"null", b"[]", b'"text"', b"{}"])
def test_read_task_when_the_plan_is_none_is_misconfigured(store: MemoryBlobStore, plan: bytes):
    store.put(names.plan_key(REQUEST_ID), plan, "application/json")
    with pytest.raises(Misconfigured):
        read_task(store, TASK)


@pytest.mark.parametrize(
    "changes", [{"version": 2}, {"shards": []}, {"shards": [{}]}, {"shards": None}, {"output": {"quality": 0}}]
)
def test_read_task_when_the_plan_cannot_be_used_is_misconfigured(store: MemoryBlobStore, changes: dict[str, object]):
    change_plan(store, **changes)
    with pytest.raises(Misconfigured):
        read_task(store, TASK)


def test_read_task_of_a_shard_that_is_not_in_the_plan_is_misconfigured(store: MemoryBlobStore):
    with pytest.raises(Misconfigured):
        read_task(store, Task(REQUEST_ID, 1))


@pytest.mark.parametrize("lines", [b"{\n" * 99, b"null\n" * 99, b"{}\n" * 99, b""])
def test_read_task_when_the_images_cannot_be_read_is_misconfigured(store: MemoryBlobStore, lines: bytes):
    store.put(names.images_key(REQUEST_ID), lines, JSONL)
    with pytest.raises(Misconfigured):
        read_task(store, TASK)
