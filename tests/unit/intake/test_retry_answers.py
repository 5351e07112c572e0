"""Who may be retried, how often, and what is said to whom may not."""

from __future__ import annotations

import pytest
from support.batch_scene import Scene
from support.retry_desk import RetryDesk

from imagebatch.model import names
from imagebatch.model.errors import Conflict, NotFound

URLS = [["http://a/0"], ["http://a/1"]]


@pytest.fixture
def scene(retries: RetryDesk) -> Scene:
    return retries.accept(URLS)


def test_retry_of_a_running_batch_is_refused(retries: RetryDesk, scene: Scene) -> None:
    with pytest.raises(Conflict) as raised:
        retries.retry(retries.batches.get(scene.request_id))
    assert raised.value.code == "not_retryable"


def test_retry_of_a_batch_without_failures_is_refused(retries: RetryDesk, scene: Scene) -> None:
    with pytest.raises(Conflict) as raised:
        retries.retry(retries.end(scene))
    assert raised.value.code == "not_retryable"


def test_retry_asked_for_again_is_the_same_and_writes_nothing(retries: RetryDesk, scene: Scene) -> None:
    parent = retries.end(scene, 0)
    retry = retries.retry(parent)
    retries.store.calls.clear()
    retries.clock.pass_(60)
    assert retries.retry(parent) == retry
    assert retries.store.calls == []


def test_retry_that_was_deleted_and_is_still_there_is_refused(retries: RetryDesk, scene: Scene) -> None:
    parent = retries.end(scene, 0)
    retries.batches.deleted[retries.retry(parent)] = retries.clock.now()
    with pytest.raises(Conflict) as raised:
        retries.retry(parent)
    assert raised.value.code == "retry_deleted"


def test_retry_of_a_batch_that_was_deleted_meanwhile_finds_nothing(retries: RetryDesk, scene: Scene) -> None:
    parent = retries.end(scene, 0)
    retries.batches.deleted[scene.request_id] = retries.clock.now()
    with pytest.raises(NotFound):
        retries.retry(parent)
    retries.store.delete([names.input_key(scene.request_id)])
    with pytest.raises(NotFound):
        retries.retry(parent)


def test_retry_while_another_call_makes_it_waits_and_then_says_so(retries: RetryDesk, scene: Scene) -> None:
    parent = retries.end(scene, 0)
    with retries.batches.settling(names.retry_id(parent.request_id)), pytest.raises(Conflict) as raised:
        retries.retry(parent)
    assert raised.value.code == "retry_in_progress"
    assert retries.clock.monotonic() == pytest.approx(20, abs=0.5)
