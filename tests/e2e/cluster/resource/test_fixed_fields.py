"""What a batch was asked for cannot be changed: nothing can be added, changed or removed."""

from __future__ import annotations

from typing import Any

import pytest
from support.image_batches import ImageBatches
from support.resource_definition import MUTABLE, fields, schema

A, B = "a" * 64, "b" * 64
ONE, OTHER = "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11", "1c2f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c22"
INLINE = {"inline": "S. No.,Product Name,Input Image Urls\n1,Chair,https://example.com/a.jpg\n"}
Spec = dict[str, Any]


def by(**source: Any) -> Spec:
    return {"source": source}


def beside(**parts: Any) -> Spec:
    return {"source": INLINE, **parts}


def output(**options: Any) -> Spec:
    return beside(output=options)


def webhook(**parts: Any) -> Spec:
    return beside(webhook=parts)


HOOK = "https://example.com/hook"
# Of each field: a spec without it, and two with it. Each of them is taken at creation.
FIELDS: dict[str, tuple[Spec, Spec, Spec]] = {
    "source.inline": (by(url=HOOK), beside(), by(inline=INLINE["inline"] + "2,Lamp,https://example.com/b.jpg\n")),
    "source.url": (beside(), by(url=HOOK), by(url=HOOK + "s")),
    "source.objectKey": (beside(), by(objectKey="inbox/a.csv", sha256=A), by(objectKey="inbox/b.csv", sha256=A)),
    "source.sha256": (beside(), by(objectKey="inbox/a.csv", sha256=A), by(objectKey="inbox/a.csv", sha256=B)),
    "source.configMapKeyRef.name": (
        beside(),
        by(configMapKeyRef={"name": "one", "key": "a.csv"}),
        by(configMapKeyRef={"name": "two", "key": "a.csv"}),
    ),
    "source.configMapKeyRef.key": (
        beside(),
        by(configMapKeyRef={"name": "one", "key": "a.csv"}),
        by(configMapKeyRef={"name": "one", "key": "b.csv"}),
    ),
    "retryOf": (beside(), {"retryOf": ONE}, {"retryOf": OTHER}),
    "output.format": (output(), output(format="WebP"), output(format="Auto")),
    "output.quality": (output(format="WebP"), output(format="WebP", quality=50), output(format="WebP", quality=51)),
    "output.maxWidth": (output(), output(maxWidth=100), output(maxWidth=200)),
    "output.maxHeight": (output(), output(maxHeight=100), output(maxHeight=200)),
    "output.metadata": (beside(), output(metadata="Strip"), output(metadata="Keep")),
    "output.neverLarger": (output(), output(neverLarger=True), output(neverLarger=False)),
    "imagesPerShard": (beside(), beside(imagesPerShard=20), beside(imagesPerShard=21)),
    "retriesPerShard": (beside(), beside(retriesPerShard=5), beside(retriesPerShard=0)),
    "failureThresholdPercent": (beside(), beside(failureThresholdPercent=100), beside(failureThresholdPercent=0)),
    "activeDeadlineSeconds": (beside(), beside(activeDeadlineSeconds=86_400), beside(activeDeadlineSeconds=60)),
    "webhook.url": (beside(), webhook(url=HOOK), webhook(url=HOOK + "s")),
    "webhook.keyName": (webhook(url=HOOK), webhook(url=HOOK, keyName="a"), webhook(url=HOOK, keyName="b")),
}
EVERY_FIELD = pytest.mark.parametrize("path", FIELDS)


def refuses(image_batches: ImageBatches, path: str, before: Spec, after: Spec) -> bool:
    """Return whether the rule of a field refuses a change, and no other than those of source and retryOf do."""
    answer = image_batches.replace(image_batches.existing(before), spec=after)
    name = path.partition(".")[0]
    assert all(sentence.endswith(" is fixed at creation") for _, sentence in answer.causes)
    return answer.says(f"spec.{name}", f"{name} is fixed at creation")


@EVERY_FIELD
def test_fixed_field_when_it_is_added_is_refused(path: str, image_batches: ImageBatches) -> None:
    without, one, _ = FIELDS[path]
    assert refuses(image_batches, path, without, one)


@EVERY_FIELD
def test_fixed_field_when_it_is_changed_is_refused(path: str, image_batches: ImageBatches) -> None:
    _, one, other = FIELDS[path]
    assert refuses(image_batches, path, one, other)


@EVERY_FIELD
def test_fixed_field_when_it_is_removed_is_refused(path: str, image_batches: ImageBatches) -> None:
    without, one, _ = FIELDS[path]
    assert refuses(image_batches, path, one, without)


@EVERY_FIELD
def test_resource_when_nothing_changes_is_taken_again(path: str, image_batches: ImageBatches) -> None:
    for spec in FIELDS[path]:
        assert image_batches.replace(image_batches.existing(spec)).was_taken


def test_fields_when_the_schema_has_one_are_all_tried() -> None:
    spec = schema()["properties"]["spec"]
    leaves = {path for path, field in fields(spec) if "properties" not in field}
    assert set(FIELDS) == leaves - set(MUTABLE)
