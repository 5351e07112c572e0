"""One suite for every BlobStore: in memory, SeaweedFS, and MinIO where its binary is on the PATH."""

from __future__ import annotations

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.memory_store import MemoryBlobStore

from imagebatch.model.errors import NotFound
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore

if TYPE_CHECKING:
    from imagebatch.ports import BlobStore

STORES = ["memory", "seaweedfs"] + (["minio"] if shutil.which("minio") else [])


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> BlobStore:
    if request.param == "memory":
        return MemoryBlobStore()
    server = request.getfixturevalue("s3_server" if request.param == "seaweedfs" else "minio_server")
    settings = StoreSettings(
        s3_endpoint=server.endpoint,
        s3_access_key=server.access_key,
        s3_secret_key=server.secret_key,
        s3_bucket="contract",
        s3_prefix=f"{uuid.uuid4()}/",
    )
    s3 = S3BlobStore(settings)
    s3.create_bucket()
    return s3


def put_all(store: BlobStore, keys: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b"", "text/plain"), keys))


def test_put_then_get_returns_the_bytes(store: BlobStore):
    store.put("a/b.txt", b"hello", "text/plain")
    assert store.get("a/b.txt") == b"hello"


def test_put_when_there_is_one_replaces_it(store: BlobStore):
    store.put("k", b"old", "text/plain")
    store.put("k", b"new", "text/plain")
    assert store.get("k") == b"new"


def test_put_of_nothing_when_read_is_empty(store: BlobStore):
    store.put("empty", b"", "text/plain")
    assert store.get("empty") == b""
    assert store.head("empty").size == 0


def test_put_file_when_larger_than_a_part_keeps_every_byte(store: BlobStore, tmp_path: Path):
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 4096 * 7)  # 7 MiB: two parts on S3
    store.put_file("large", file, "application/octet-stream")
    assert store.get("large") == file.read_bytes()


def test_get_when_missing_raises_not_found(store: BlobStore):
    with pytest.raises(NotFound):
        store.get("nowhere")
    with pytest.raises(NotFound):
        store.get_range("nowhere", 0, 5)
    with pytest.raises(NotFound):
        store.open("nowhere")
    with pytest.raises(NotFound):
        store.open("nowhere", 0, 0)


@pytest.mark.parametrize(("offset", "length", "expected"), [(0, 2, b"01"), (3, 4, b"3456"), (8, 2, b"89"), (4, 0, b"")])
def test_get_range_returns_just_those_bytes(store: BlobStore, offset: int, length: int, expected: bytes):
    store.put("digits", b"0123456789", "text/plain")
    assert store.get_range("digits", offset, length) == expected


def test_open_tells_size_type_and_etag_before_the_bytes(store: BlobStore):
    store.put("image", b"x" * 200_000, "image/webp")
    blob = store.open("image")
    assert (blob.info.size, blob.info.content_type) == (200_000, "image/webp")
    assert blob.info.etag == store.head("image").etag != ""
    assert b"".join(blob.chunks) == b"x" * 200_000


def test_open_of_a_range_tells_the_whole_size(store: BlobStore):
    store.put("digits", b"0123456789", "text/plain")
    blob = store.open("digits", 2, 3)
    assert blob.info.size == 10
    assert b"".join(blob.chunks) == b"234"


def test_etag_when_bytes_change_changes(store: BlobStore):
    store.put("k", b"one", "text/plain")
    before = store.head("k").etag
    store.put("k", b"two", "text/plain")
    assert store.head("k").etag != before


def test_head_when_missing_is_none(store: BlobStore):
    assert store.head("nowhere") is None


def test_list_yields_only_the_prefix_in_order(store: BlobStore):
    for key in ("r/2/b", "r/2/a/1", "r/1/z", "r/20/x"):
        store.put(key, b"1", "text/plain")
    assert [info.key for info in store.list("r/2/")] == ["r/2/a/1", "r/2/b"]
    assert list(store.list("nothing/")) == []


def test_list_when_over_a_page_yields_all(store: BlobStore):
    keys = [f"many/{n:04d}" for n in range(1_050)]  # a page of List v2 holds 1,000
    put_all(store, keys)
    assert [info.key for info in store.list("many/")] == keys


def test_list_tells_when_each_object_was_written(store: BlobStore):
    before = datetime.now(UTC)
    store.put("r/1", b"1", "text/plain")
    modified_at = next(store.list("r/")).modified_at
    assert abs(modified_at - before) < timedelta(seconds=10)  # stores tell whole seconds, by their own clock


def test_folders_yields_each_prefix_up_to_the_next_slash_once(store: BlobStore):
    for key in ("r/2/b", "r/2/a/1", "r/20/x", "r/file", "s/1/x"):
        store.put(key, b"1", "text/plain")
    assert list(store.folders("r/")) == ["r/2/", "r/20/"]
    assert list(store.folders("r/2/")) == ["r/2/a/"]
    assert list(store.folders("")) == ["r/", "s/"]
    assert list(store.folders("nothing/")) == []


def test_folders_when_an_empty_one_was_deleted_yields_it_no_more(store: BlobStore):
    store.put("r/1/a", b"1", "text/plain")
    store.put("r/2/a", b"1", "text/plain")
    store.delete(["r/1/a"])
    assert list(store.folders("r/1/")) == list(store.list("r/1/")) == []
    store.delete(["r/1/", "r/2/"])
    assert list(store.folders("r/")) == ["r/2/"]
    assert store.get("r/2/a") == b"1"


def test_folders_when_over_a_page_yields_all(store: BlobStore):
    keys = [f"many/{n:04d}/input.csv" for n in range(1_050)]
    put_all(store, keys)
    assert list(store.folders("many/")) == [key.removesuffix("input.csv") for key in keys]


def test_delete_when_some_are_missing_removes_the_rest(store: BlobStore):
    store.put("a", b"1", "text/plain")
    store.delete(["a", "not-there"])
    assert store.head("a") is None


def test_keys_with_spaces_and_letters_beyond_ascii_are_kept(store: BlobStore):
    store.put("Grüße/a b+c.txt", b"1", "text/plain")
    assert [info.key for info in store.list("Grüße/")] == ["Grüße/a b+c.txt"]
    assert store.get("Grüße/a b+c.txt") == b"1"


def test_check_when_it_is_there_says_nothing(store: BlobStore):
    store.check()


def test_open_when_closed_before_its_end_leaves_the_store_usable(store: BlobStore):
    store.put("large", b"x" * 300_000, "text/plain")
    for read in (0, 1):
        chunks = store.open("large").chunks
        for _ in range(read):
            next(chunks)
        chunks.close()
    assert len(store.get("large")) == 300_000
