"""What may be changed after a batch was made: whether it runs, how wide, how long its resource stays."""

from __future__ import annotations

from typing import Any

import pytest
from support.image_batches import ImageBatches

SOURCE = {"source": {"url": "https://example.com/products.csv"}}
CANCELLED = {**SOURCE, "cancel": True}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "suspend-set": ({}, {"suspend": True}),
    "suspend-unset": ({"suspend": True}, {}),
    "resume": ({"suspend": True}, {"suspend": False}),
    "parallelism-set": ({}, {"parallelism": 2}),
    "parallelism-lowered": ({"parallelism": 8}, {"parallelism": 1}),
    "parallelism-unset": ({"parallelism": 8}, {}),
    "time-set": ({}, {"ttlSecondsAfterFinished": 60}),
    "time-changed": ({"ttlSecondsAfterFinished": 60}, {"ttlSecondsAfterFinished": 0}),
    "time-unset": ({"ttlSecondsAfterFinished": 60}, {}),
    "cancel": ({"suspend": True}, {"cancel": True}),
    "all-at-once": ({}, {"suspend": True, "cancel": True, "parallelism": 9, "ttlSecondsAfterFinished": 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_free_field_when_it_changes_is_taken(change: str, image_batches: ImageBatches) -> None:
    before, after = CHANGES[change]
    made = image_batches.existing(SOURCE | before)
    answer = image_batches.replace(made, spec=SOURCE | after)
    assert answer.was_taken
    defaults = {"suspend": False, "cancel": False, "parallelism": 4}
    assert answer.resource["spec"] == SOURCE | defaults | after
    assert answer.resource["metadata"]["generation"] == 2


@pytest.mark.parametrize("after", [{"cancel": False}, {}, {"cancel": None}], ids=["false", "removed", "null"])
def test_cancel_when_it_was_true_is_never_taken_back(after: dict[str, Any], image_batches: ImageBatches) -> None:
    answer = image_batches.replace(image_batches.existing(CANCELLED), spec=SOURCE | after)
    assert answer.says("spec.cancel", "cancel is final, a batch that was cancelled stays cancelled")


def test_cancelled_batch_when_something_else_changes_stays_cancelled(image_batches: ImageBatches) -> None:
    answer = image_batches.replace(image_batches.existing(CANCELLED), spec=CANCELLED | {"suspend": True})
    assert answer.was_taken
    assert answer.resource["spec"]["cancel"] is True


def test_null_when_a_field_has_a_default_becomes_it(image_batches: ImageBatches) -> None:
    made = image_batches.existing(SOURCE | {"parallelism": None, "suspend": None, "cancel": None})
    assert made["spec"] == SOURCE | {"parallelism": 4, "suspend": False, "cancel": False}


def test_defaults_when_a_resource_is_made_hide_nothing_that_is_unset(image_batches: ImageBatches) -> None:
    retry = {"retryOf": "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"}
    assert set(image_batches.existing(retry)["spec"]) == {"retryOf", "parallelism", "suspend", "cancel"}
