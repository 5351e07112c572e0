"""The resource that the API makes: it says what the batch says, and fits the definition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cluster_batches import PLACE, REQUEST_ID, UID, batch_of
from support.resource_definition import faults

from imagebatch.cluster.resource import claimed_id, declares, hand_written, manifest, read_intent
from imagebatch.model.batch import BatchSpec, Intent, Metadata, OutputFormat, OutputOptions
from imagebatch.model.names import input_key, retry_id
from imagebatch.model.source import ObjectSource

SIDES = st.none() | st.integers(1, 16_384)
OUTPUTS = st.builds(
    OutputOptions,
    format=st.sampled_from(OutputFormat),
    quality=st.integers(1, 100),
    max_width=SIDES,
    max_height=SIDES,
    metadata=st.sampled_from(Metadata),
    never_larger=st.booleans(),
)
PATHS = st.text(st.characters(min_codepoint=0x21, exclude_characters="\x7f", codec="utf-8"), max_size=2_000)
SPECS = st.builds(
    BatchSpec,
    output=OUTPUTS,
    images_per_shard=st.none() | st.integers(1, 10_000),
    retries_per_shard=st.integers(0, 100),
    failure_threshold_percent=st.integers(0, 100),
    active_deadline_seconds=st.integers(1, 31_536_000),
    webhook_url=st.none() | PATHS.map("https://hooks.example/{}".format),
)
INTENTS = st.builds(Intent, suspend=st.booleans(), cancel=st.booleans(), parallelism=st.integers(1, 1_000))
SMALLEST = BatchSpec(
    OutputOptions(quality=1, max_width=1, max_height=1),
    parallelism=1,
    images_per_shard=1,
    retries_per_shard=0,
    failure_threshold_percent=0,
    active_deadline_seconds=1,
)
LARGEST = BatchSpec(
    OutputOptions(quality=100, max_width=16_384, max_height=16_384),
    parallelism=1_000,
    images_per_shard=10_000,
    retries_per_shard=100,
    failure_threshold_percent=100,
    active_deadline_seconds=31_536_000,
    webhook_url="https://hooks.example/" + "x" * 2_026,
    webhook_key_name="k" * 63,
)


def stored(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as the API server gives it back."""
    return {**resource, "metadata": {**resource["metadata"], "uid": UID}}


@given(SPECS, INTENTS)
def test_manifest_of_any_batch_read_back_gives_its_spec_and_intent(spec: BatchSpec, intent: Intent) -> None:
    found = stored(manifest(batch_of(spec=spec, intent=intent), PLACE))
    assert faults(found) == []
    assert read_intent(found) == intent
    read = hand_written(found, BatchSpec())
    assert read.spec == replace(spec, parallelism=intent.parallelism)
    assert read.source == ObjectSource(input_key(REQUEST_ID), "ab" * 32)
    assert read.resource == PLACE


@pytest.mark.parametrize("spec", [SMALLEST, LARGEST, BatchSpec()])
def test_manifest_at_the_bounds_of_the_model_fits_the_definition(spec: BatchSpec) -> None:
    batch = batch_of(spec=spec, intent=Intent(suspend=True, cancel=True, parallelism=spec.parallelism))
    assert faults(manifest(batch, PLACE)) == []


def test_manifest_of_a_plain_batch_says_nothing_that_is_unset() -> None:
    assert manifest(batch_of(), PLACE) == {
        "apiVersion": "imagebatch.io/v1alpha1",
        "kind": "ImageBatch",
        "metadata": {
            "name": f"ib-{REQUEST_ID}",
            "namespace": "shop",
            "labels": {"app.kubernetes.io/name": "imagebatch", "imagebatch.io/request-id": REQUEST_ID},
        },
        "spec": {
            "source": {"objectKey": f"requests/{REQUEST_ID}/input.csv", "sha256": "ab" * 32},
            "output": {"format": "Auto", "quality": 50, "metadata": "Strip", "neverLarger": True},
            "parallelism": 4,
            "retriesPerShard": 5,
            "failureThresholdPercent": 100,
            "activeDeadlineSeconds": 86_400,
            "suspend": False,
            "cancel": False,
        },
    }


def test_manifest_of_a_retry_names_its_parent_and_neither_source_nor_output() -> None:
    spec = manifest(batch_of(retry_of=UID), PLACE)["spec"]
    assert spec["retryOf"] == UID
    assert not {"source", "output"} & spec.keys()
    assert faults(manifest(batch_of(retry_of=UID), PLACE)) == []


def test_resource_of_a_batch_when_made_by_the_api_declares_it() -> None:
    batch = batch_of()
    assert declares(stored(manifest(batch, PLACE)), batch)
    # What may be changed later, and what is immutable anyway, is not compared.
    assert declares(stored(manifest(replace(batch, intent=Intent(True, True, 9)), PLACE)), batch)


@pytest.mark.parametrize(
    "other", [{"source_sha256": "cd" * 32}, {"request_id": UID}, {"retry_of": UID}], ids=["sha256", "key", "retry"]
)
def test_resource_of_another_source_does_not_declare_the_batch(other: dict[str, Any]) -> None:
    assert not declares(manifest(batch_of(**other), PLACE), batch_of())
    assert not declares(manifest(batch_of(), PLACE), batch_of(**other))


def test_claimed_id_of_what_the_api_makes_is_the_requests() -> None:
    assert claimed_id(stored(manifest(batch_of(), PLACE))) == REQUEST_ID
    retry = batch_of(request_id=retry_id(UID), retry_of=UID)
    place = replace(PLACE, name=f"ib-{retry.request_id}")
    assert claimed_id(stored(manifest(retry, place))) == retry.request_id
