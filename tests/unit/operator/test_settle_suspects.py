"""What is said of images that were in work when workers of a lost shard died."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.memory_batches import MemoryBatches
from support.batch_scene import REQUEST_ID, Scene, succeeded

from imagebatch.model.results import Outcome
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]


@pytest.fixture
def lost(accepted: Accept) -> Scene:
    """A shard without results: one image done, one that killed two workers, one that one worker died at, one left."""
    scene = accepted([[f"http://a/{n}"] for n in range(4)])
    scene.write_part(0, [succeeded(scene.images[0])], attempt="a1")
    scene.write_part(0, [], attempt="a2", started=[0, 1])
    scene.write_part(0, [], attempt="a3", started=[2])
    scene.write_part(0, [], attempt="a3", part=1, started=[1])
    return scene


def settled(settler: Settler, batches: MemoryBatches, stop: Stop) -> list[Outcome]:
    settler.settle(REQUEST_ID, stop)
    return [slot.outcome for slot in batches.slots[REQUEST_ID]]


def test_settle_of_a_lost_shard_names_its_culprit_and_its_suspects(
    settler: Settler, batches: MemoryBatches, lost: Scene
) -> None:
    done, culprit, suspect, other = settled(settler, batches, Stop())
    assert done.succeeded
    assert (culprit.code, culprit.attempts) == ("out_of_memory", 2)
    assert (suspect.code, suspect.attempts) == ("shard_failed", 1)
    assert suspect.message is not None
    assert "in work when its worker died" in suspect.message
    assert (other.code, other.attempts) == ("shard_failed", 0)
    assert other.message == "The worker of this image failed too often."


@pytest.mark.parametrize(
    ("stop", "code"), [(Stop(cancelled=True), "cancelled"), (Stop(deadline_passed=True), "deadline_exceeded")]
)
def test_settle_of_a_stopped_shard_suspects_no_image(
    settler: Settler, batches: MemoryBatches, lost: Scene, stop: Stop, code: str
) -> None:
    assert [outcome.code for outcome in settled(settler, batches, stop)] == [None, code, code, code]
