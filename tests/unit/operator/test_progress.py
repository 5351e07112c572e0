"""Live counts: each object read once, each image counted once, a results file above the parts."""

from __future__ import annotations

import pytest
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import Scene, failed, make_scene, succeeded

from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress
from imagebatch.model.errors import Unavailable
from imagebatch_operator.progress import BatchProgress


@pytest.fixture
def scene(store: MemoryBlobStore) -> Scene:
    """Four images in two shards; the first is shown twice."""
    return make_scene(store, [["http://a/0", "http://a/1"], ["http://a/0", "http://a/2"], ["http://a/3"]], spec=SPEC)


SPEC = BatchSpec(images_per_shard=2)


def gets(store: MemoryBlobStore) -> list[str]:
    return [key for method, key in store.calls if method == "get"]


def test_look_when_nothing_ran_says_so(store: MemoryBlobStore, scene: Scene) -> None:
    shards = BatchProgress(store, scene.request_id).look()
    assert (shards.total, shards.complete, shards.started) == (2, 0, False)
    assert shards.progress == Progress(Counts(5))


def test_look_at_parts_counts_slots_and_bytes(store: MemoryBlobStore, scene: Scene) -> None:
    scene.write_part(0, [])
    scene.write_part(0, [succeeded(scene.images[0]), failed(scene.images[1])], part=1)
    shards = BatchProgress(store, scene.request_id).look()
    assert shards.started
    assert shards.progress == Progress(Counts(5, succeeded=2, failed=1), Bytes(1_000, 400))


def test_look_again_reads_only_what_is_new(store: MemoryBlobStore, scene: Scene) -> None:
    progress = BatchProgress(store, scene.request_id)
    scene.write_part(0, [succeeded(scene.images[0])])
    progress.look()
    store.calls.clear()
    scene.write_part(0, [succeeded(scene.images[1])], part=1)
    assert progress.look().progress.counts.succeeded == 3
    assert gets(store) == [names.part_key(scene.request_id, 0, "a1", 1)]


def test_look_at_an_image_in_parts_of_two_attempts_counts_it_once(store: MemoryBlobStore, scene: Scene) -> None:
    scene.write_part(0, [succeeded(scene.images[0])], attempt="a1")
    scene.write_part(0, [failed(scene.images[0]), succeeded(scene.images[1])], attempt="a2")
    shards = BatchProgress(store, scene.request_id).look()
    assert shards.progress.counts == Counts(5, succeeded=3)


def test_look_at_a_results_file_lets_it_replace_the_parts(store: MemoryBlobStore, scene: Scene) -> None:
    progress = BatchProgress(store, scene.request_id)
    scene.write_part(0, [failed(scene.images[0])])
    progress.look()
    scene.finish_shard(0)
    shards = progress.look()
    assert shards.complete == 1
    assert shards.progress.counts == Counts(5, succeeded=3)


def test_look_at_a_complete_shard_reads_no_part_and_the_file_once(store: MemoryBlobStore, scene: Scene) -> None:
    scene.write_part(0, [failed(scene.images[0])])
    scene.finish_shard(0)
    progress = BatchProgress(store, scene.request_id)
    progress.look()
    progress.look()
    assert gets(store) == [names.plan_key(scene.request_id), names.shard_results_key(scene.request_id, 0)]


def test_look_when_the_plan_is_gone_says_the_store_is_unavailable(store: MemoryBlobStore, scene: Scene) -> None:
    store.delete([names.plan_key(scene.request_id)])
    with pytest.raises(Unavailable) as raised:
        BatchProgress(store, scene.request_id).look()
    assert raised.value.dependency == "store"


def test_look_at_objects_of_other_kinds_passes_over_them(store: MemoryBlobStore, scene: Scene) -> None:
    store.put(names.shards_prefix(scene.request_id) + "reused.jsonl", b"", "application/jsonl")
    assert not BatchProgress(store, scene.request_id).look().started
