"""What a retry writes: the failed images under their old numbers, what stands beside them, the input as it was."""

from __future__ import annotations

import pytest
from support.batch_scene import Scene
from support.retry_desk import RetryDesk

from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress
from imagebatch.model.errors import Unavailable
from imagebatch.model.plan import Plan, Reused
from imagebatch.reused import read_planned, read_reused

URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"], ["http://a/3", "http://a/1"]]
SPEC = BatchSpec(parallelism=2, images_per_shard=1, webhook_url="https://hook.example/in")


@pytest.fixture
def scene(retries: RetryDesk) -> Scene:
    """Four images; the first two are shown twice."""
    return retries.accept(URLS, SPEC)


def objects(desk: RetryDesk, request_id: str) -> dict[str, bytes]:
    return {info.key: desk.store.get(info.key) for info in desk.store.list(names.request_prefix(request_id))}


def test_retry_when_made_plans_the_failed_images_under_their_old_numbers(retries: RetryDesk, scene: Scene) -> None:
    retry = retries.retry(retries.end(scene, 1, 3))
    plan = Plan.from_json(retries.store.get(names.plan_key(retry)))
    assert list(read_planned(retries.store, retry)) == [scene.images[1], scene.images[3]]
    assert (plan.request_id, plan.images, plan.slots, len(plan.shards)) == (retry, 2, 6, 2)
    assert plan.reused == Reused(slots=3, bytes_in=2_000, bytes_out=800)


def test_retry_when_made_keeps_what_stands_and_says_whose_it_is(retries: RetryDesk, scene: Scene) -> None:
    kept = list(read_reused(retries.store, retries.retry(retries.end(scene, 1, 3))))
    assert [each.image for each in kept] == [scene.images[0], scene.images[2]]
    assert {each.outcome.request_id for each in kept} == {scene.request_id}
    assert [each.outcome.name for each in kept] == ["0.jpg", "2.jpg"]


def test_retry_when_made_is_a_batch_like_its_parent_that_has_begun(retries: RetryDesk, scene: Scene) -> None:
    parent = retries.end(scene, 1, 3)
    retry = retries.batches.get(retries.retry(parent))
    assert retry.request_id == names.retry_id(parent.request_id)
    assert (retry.owner, retry.spec, retry.source_sha256) == (parent.owner, parent.spec, parent.source_sha256)
    assert retry.retry_of == parent.request_id
    assert retry.progress == Progress(Counts(6, succeeded=3), Bytes(2_000, 800))
    assert retries.store.get(names.input_key(retry.request_id)) == retries.store.get(names.input_key(parent.request_id))
    assert [list(row.image_urls) for row in retries.batches.rows[retry.request_id]] == URLS


def test_retry_of_a_retry_points_at_whoever_made_each_output(retries: RetryDesk, scene: Scene) -> None:
    first = retries.batches.get(retries.retry(retries.end(scene, 1, 3)))
    second = _retry_after_mending(retries, scene, first.request_id)
    kept = list(read_reused(retries.store, second))
    assert [each.outcome.index for each in kept] == [0, 1, 2]
    assert [each.outcome.request_id for each in kept] == [scene.request_id, first.request_id, scene.request_id]
    assert list(read_planned(retries.store, second)) == [scene.images[3]]


def _retry_after_mending(desk: RetryDesk, scene: Scene, first: str) -> str:
    """End a retry as settle would: image 1 is mended, image 3 is not, the others stand."""
    whole = Scene(desk.store, first, SPEC, URLS, scene.images, scene.plan)
    batch = desk.end(whole, 3)
    standing = {each.outcome.index: each.outcome for each in read_reused(desk.store, first)}
    desk.batches.slots[first] = [
        type(slot)(slot.row, slot.position, standing.get(slot.outcome.index, slot.outcome), slot.output_url)
        for slot in desk.batches.slots[first]
    ]
    return desk.retry(batch)


def test_retry_of_a_batch_without_results_does_everything_again(retries: RetryDesk, scene: Scene) -> None:
    retry = retries.retry(retries.end(scene, has_result=False))
    assert list(read_planned(retries.store, retry)) == scene.images
    assert list(read_reused(retries.store, retry)) == []


def test_retry_of_a_retry_without_results_keeps_what_that_began_with(retries: RetryDesk, scene: Scene) -> None:
    first = retries.retry(retries.end(scene, 1, 3))
    second = retries.retry(retries.end(Scene(retries.store, first, SPEC, URLS, [], scene.plan), has_result=False))
    assert list(read_reused(retries.store, second)) == list(read_reused(retries.store, first))
    assert list(read_planned(retries.store, second)) == [scene.images[1], scene.images[3]]


@pytest.mark.parametrize("written", range(5))
def test_retry_after_any_interruption_has_the_same_objects(retries: RetryDesk, scene: Scene, written: int) -> None:
    parent = retries.end(scene, 1, 3)
    put, puts = retries.store.put, [0]

    def put_some(key: str, data: bytes, content_type: str) -> None:
        if puts[0] == written:
            raise Unavailable("gone", dependency="store")
        puts[0] += 1
        put(key, data, content_type)

    retries.store.put = put_some  # type: ignore[method-assign]
    if written < 4:
        with pytest.raises(Unavailable):
            retries.retry(parent)
        assert names.retry_id(parent.request_id) not in retries.batches.batches
    retries.store.put = put  # type: ignore[method-assign]
    retry = retries.retry(parent)
    first = objects(retries, retry)
    del retries.batches.batches[retry]
    retries.clock.pass_(60)
    retries.retry(parent)
    assert objects(retries, retry) == first
    assert len(first) == 4


def test_retry_of_a_batch_whose_objects_are_broken_says_the_store_is_unavailable(
    retries: RetryDesk, scene: Scene
) -> None:
    parent = retries.end(scene, 1)
    retries.store.delete([names.images_key(scene.request_id)])
    with pytest.raises(Unavailable) as raised:
        retries.retry(parent)
    assert raised.value.dependency == "store"
