"""A resource that somebody wrote: which request it claims to be, and what it asks for."""

from __future__ import annotations

from typing import Any

import pytest
from support.cluster_batches import REQUEST_ID, UID, written

from imagebatch.cluster.resource import claimed_id, hand_written, is_going, read_intent, resource_of
from imagebatch.model.batch import BatchSpec, Intent, Metadata, OutputFormat, OutputOptions, Resource
from imagebatch.model.errors import InvalidRequest
from imagebatch.model.names import input_key, retry_id
from imagebatch.model.source import ConfigMapSource, InlineSource, ObjectSource, RetrySource, Source, UrlSource

SHA = "ab" * 32
DEFAULTS = BatchSpec(retries_per_shard=2, webhook_url="https://default.example/")


def found(name: str = "mugs", **spec: Any) -> dict[str, Any]:
    resource = written(name, **spec)
    return {**resource, "metadata": {"name": name, "namespace": "shop", "uid": UID}}


@pytest.mark.parametrize(
    ("spec", "source"),
    [
        ({"source": {"inline": "a,b"}}, InlineSource("a,b")),
        ({"source": {"objectKey": "inbox/a.csv", "sha256": SHA}}, ObjectSource("inbox/a.csv", SHA)),
        ({"source": {"configMapKeyRef": {"name": "csvs", "key": "a.csv"}}}, ConfigMapSource("csvs", "a.csv")),
        ({"source": {"url": "https://shop.example/a.csv"}}, UrlSource("https://shop.example/a.csv")),
        ({"retryOf": REQUEST_ID}, RetrySource(REQUEST_ID)),
    ],
    ids=["inline", "object", "config-map", "url", "retry"],
)
def test_source_of_each_kind_is_read_as_written(spec: dict[str, Any], source: Source) -> None:
    read = hand_written(found(**spec), DEFAULTS)
    assert read.source == source
    assert (read.request_id, read.owner) == (UID, "k8s:shop")


def test_options_that_are_left_open_are_those_of_the_installation() -> None:
    assert hand_written(found(source={"inline": "x"}), DEFAULTS).spec == DEFAULTS


def test_options_that_are_written_count_before_the_installations() -> None:
    spec = hand_written(
        found(
            source={"inline": "x"},
            output={"format": "WebP", "quality": 70, "maxWidth": 800, "metadata": "Keep", "neverLarger": False},
            parallelism=2,
            imagesPerShard=50,
            retriesPerShard=0,
            failureThresholdPercent=0,
            activeDeadlineSeconds=60,
            webhook={"url": "https://mine.example/", "keyName": "mine"},
        ),
        DEFAULTS,
    ).spec
    output = OutputOptions(OutputFormat.WEBP, 70, 800, None, Metadata.KEEP, never_larger=False)
    assert spec == BatchSpec(output, 2, 50, 0, 0, 60, "https://mine.example/", "mine")


def test_options_that_no_encoder_can_do_are_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="quality"):
        hand_written(found(source={"inline": "x"}, output={"quality": 0}), DEFAULTS)


def test_intent_that_is_left_open_is_the_definitions_default() -> None:
    assert read_intent(found()) == Intent()
    asked = {"suspend": True, "cancel": True, "parallelism": 7, "ttlSecondsAfterFinished": 0}
    assert read_intent(found(source={"inline": "x"}, **asked)) == Intent(True, True, 7, 0)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("mugs", {"source": {"objectKey": input_key(REQUEST_ID), "sha256": SHA}}),
        (f"ib-{REQUEST_ID}", {"source": {"inline": "x"}}),
        (f"ib-{REQUEST_ID}", {"source": {"objectKey": "inbox/a.csv", "sha256": SHA}}),
        (f"ib-{REQUEST_ID}", {"source": {"objectKey": input_key(UID), "sha256": SHA}}),
        (f"ib-{REQUEST_ID}-2", {"source": {"objectKey": input_key(REQUEST_ID), "sha256": SHA}}),
        (f"ib-{REQUEST_ID.upper()}", {"source": {"objectKey": input_key(REQUEST_ID), "sha256": SHA}}),
        (f"ib-{REQUEST_ID}", {"retryOf": UID}),
        (f"my-{retry_id(UID)}", {"retryOf": UID}),
    ],
)
def test_claimed_id_of_what_the_api_would_not_make_so_is_the_uid(name: str, spec: dict[str, Any]) -> None:
    assert claimed_id(found(name, **spec)) == UID


def test_resource_with_a_deletion_timestamp_is_going() -> None:
    resource = found()
    assert not is_going(resource)
    resource["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert is_going(resource)
    assert resource_of(resource) == Resource("shop", "mugs", UID)
