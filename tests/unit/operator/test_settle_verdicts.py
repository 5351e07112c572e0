"""How a batch ends: the verdict, the codes of what was not done, and the webhook that tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, failed, succeeded

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.batch import Reason
from imagebatch.model.errors import Unavailable
from imagebatch.settings import LinkSettings
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler
from imagebatch_operator.webhooks import Schedule

Accept = Callable[..., Scene]
URLS = [[f"http://a/{n}"] for n in range(4)]
NO_STOP, CANCELLED, LATE = Stop(), Stop(cancelled=True), Stop(deadline_passed=True)
HOOK = "https://hook.example/in"


def codes(batches: MemoryBatches) -> list[str | None]:
    return [slot.outcome.code for slot in batches.slots[REQUEST_ID]]


@pytest.mark.parametrize(
    ("stop", "ends", "reason"),
    [
        (NO_STOP, "ssss", Reason.ALL_SUCCEEDED),
        (NO_STOP, "sssf", Reason.PARTIALLY_SUCCEEDED),
        (NO_STOP, "sfff", Reason.FAILURE_THRESHOLD),
        (NO_STOP, "ffff", Reason.NOTHING_SUCCEEDED),
        (NO_STOP, "ss--", Reason.PARTIALLY_SUCCEEDED),
        (NO_STOP, "ff--", Reason.INFRASTRUCTURE_ERROR),
        (NO_STOP, "----", Reason.INFRASTRUCTURE_ERROR),
        (CANCELLED, "ss--", Reason.CANCELLED),
        (CANCELLED, "----", Reason.CANCELLED),
        (CANCELLED, "sssf", Reason.PARTIALLY_SUCCEEDED),
        (LATE, "ss--", Reason.DEADLINE_EXCEEDED),
        (LATE, "ffff", Reason.NOTHING_SUCCEEDED),
        (Stop(True, True), "ss--", Reason.CANCELLED),
    ],
)
def test_settle_for_any_end_reaches_its_verdict(
    settler: Settler, accepted: Accept, batches: MemoryBatches, stop: Stop, ends: str, reason: Reason
) -> None:
    scene = accepted(URLS, images_per_shard=2, failure_threshold_percent=60)
    for shard in range(2):
        letters = zip(scene.shard_images(shard), ends[2 * shard : 2 * shard + 2], strict=True)
        known = [succeeded(image) if end == "s" else failed(image) for image, end in letters if end != "-"]
        if known:
            scene.finish_shard(shard, known)
    settler.settle(REQUEST_ID, stop)
    final = batches.finals[REQUEST_ID]
    assert final.verdict.reason is reason
    assert (final.progress.counts.pending, final.has_result) == (0, True)
    assert final.progress.counts.succeeded == ends.count("s")


@pytest.mark.parametrize(
    ("stop", "code"), [(NO_STOP, "shard_failed"), (CANCELLED, "cancelled"), (LATE, "deadline_exceeded")]
)
def test_settle_without_a_shards_results_keeps_what_its_parts_finished(
    settler: Settler, accepted: Accept, batches: MemoryBatches, stop: Stop, code: str
) -> None:
    scene = accepted(URLS)
    scene.write_part(0, [succeeded(scene.images[0])], attempt="a1")
    scene.write_part(0, [failed(scene.images[2], "timeout"), failed(scene.images[0])], attempt="a2")
    settler.settle(REQUEST_ID, stop)
    assert codes(batches) == [None, code, "timeout", code]


def test_settle_of_a_stopped_batch_says_how_many_images_succeeded(
    settler: Settler, accepted: Accept, batches: MemoryBatches
) -> None:
    accepted(URLS, images_per_shard=2).finish_shard(0)
    settler.settle(REQUEST_ID, CANCELLED)
    assert batches.finals[REQUEST_ID].verdict.message == "Cancelled; 2 of 4 images succeeded."


def test_settle_with_a_receiver_freezes_what_it_is_told(
    settler: Settler, accepted: Accept, batches: MemoryBatches
) -> None:
    accepted(URLS, webhook_url=HOOK).finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    delivery = batches.finals[REQUEST_ID].delivery
    assert delivery is not None
    assert (delivery.webhook_id, delivery.url, delivery.key_name) == (f"msg_{REQUEST_ID}", HOOK, "default")
    secret, key = b"s3cret", names.result_key(REQUEST_ID, "output.csv")
    body = json.loads(delivery.body)
    assert body["result_url"] == names.public_link("https://images.example", secret, key)
    assert body["finished_at"] == "2026-01-02T03:04:05Z"
    assert (body["request_id"], body["status"], body["reason"]) == (REQUEST_ID, "Completed", "AllSucceeded")
    assert list(body) == [
        "request_id",
        "status",
        "reason",
        "message",
        "counts",
        "bytes",
        "result_url",
        "errors_url",
        "report_url",
        "finished_at",
    ]


def test_settle_with_a_key_name_of_its_own_signs_with_that(
    settler: Settler, accepted: Accept, batches: MemoryBatches
) -> None:
    accepted(URLS, webhook_url=HOOK, webhook_key_name="shop").finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    delivery = batches.finals[REQUEST_ID].delivery
    assert delivery is not None
    assert delivery.key_name == "shop"


def test_settle_with_a_wait_before_the_first_try_puts_the_webhook_off(
    accepted: Accept, batches: MemoryBatches, store: MemoryBlobStore, clock: ManualClock, metrics: Metrics
) -> None:
    settler = Settler(
        batches=batches,
        store=store,
        links=LinkSettings(link_secret="s"),
        key_name="default",
        schedule=Schedule([60, 5], jitter=lambda: 0.5),
        clock=clock,
        metrics=metrics,
    )
    accepted(URLS, webhook_url=HOOK).finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    assert batches.finals[REQUEST_ID].delivery.due_at == clock.now() + timedelta(seconds=66)
    assert batches.finals[REQUEST_ID].finished_at == clock.now()


def test_settle_without_a_receiver_makes_no_delivery(
    settler: Settler, accepted: Accept, batches: MemoryBatches
) -> None:
    accepted(URLS).finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    assert batches.finals[REQUEST_ID].delivery is None


def test_settle_again_after_the_end_changes_nothing(
    settler: Settler, accepted: Accept, batches: MemoryBatches, store: MemoryBlobStore
) -> None:
    accepted(URLS).finish_all()
    settler.settle(REQUEST_ID, NO_STOP)
    first = batches.finals[REQUEST_ID]
    store.calls.clear()
    assert settler.settle(REQUEST_ID, CANCELLED)
    assert batches.finals[REQUEST_ID] is first
    assert store.calls == []


@pytest.mark.parametrize("key", [names.input_key, names.images_key, names.plan_key])
def test_settle_without_an_object_of_the_batch_says_the_store_is_unavailable(
    settler: Settler, accepted: Accept, store: MemoryBlobStore, key: Callable[[str], str]
) -> None:
    accepted(URLS).finish_all()
    store.delete([key(REQUEST_ID)])
    with pytest.raises(Unavailable) as raised:
        settler.settle(REQUEST_ID, NO_STOP)
    assert raised.value.dependency == "store"


def test_settle_counts_the_batch_in_the_metrics(settler: Settler, accepted: Accept, metrics: Metrics) -> None:
    scene = accepted(URLS)
    scene.finish_shard(0, [succeeded(scene.images[0]), *map(failed, scene.images[1:])])
    settler.settle(REQUEST_ID, NO_STOP)
    sample = metrics.registry.get_sample_value
    labels = {"status": "Completed", "reason": "PartiallySucceeded"}
    assert sample("imagebatch_batches_total", labels) == 1
    assert sample("imagebatch_images_total", {"code": "http_404"}) == 3
    assert sample("imagebatch_images_total", {"code": "ok"}) == 1
    assert sample("imagebatch_output_bytes_total") == 400
