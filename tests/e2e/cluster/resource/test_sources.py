"""A batch has exactly one source, and a retry has that of the request that it mends."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from support.image_batches import ImageBatches
from support.resource_definition import documents, sample_files

SHA256 = "a" * 64
SOURCES: dict[str, dict[str, Any]] = {
    "objectKey": {"objectKey": "inbox/products.csv", "sha256": SHA256},
    "inline": {"inline": "S. No.,Product Name,Input Image Urls\n"},
    "configMapKeyRef": {"configMapKeyRef": {"name": "products", "key": "products.csv"}},
    "url": {"url": "https://example.com/products.csv"},
}
RETRY = {"retryOf": "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"}
EACH = pytest.mark.parametrize("name", SOURCES)


@EACH
def test_source_when_it_stands_alone_is_taken(name: str, image_batches: ImageBatches) -> None:
    assert image_batches.create({"source": SOURCES[name]}, really=False).was_taken


def test_retry_when_it_stands_alone_is_taken(image_batches: ImageBatches) -> None:
    assert image_batches.create(RETRY, really=False).was_taken


@pytest.mark.parametrize("file", sample_files(), ids=lambda file: file.stem)
def test_sample_when_it_is_applied_is_taken(file: Any, image_batches: ImageBatches) -> None:
    told = image_batches.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", file)
    assert len(told.splitlines()) == len(documents(file))


@pytest.mark.parametrize("spec", [{}, {"source": {}}, {"parallelism": 2}], ids=["nothing", "empty", "other"])
def test_source_when_there_is_none_is_asked_for(spec: dict[str, Any], image_batches: ImageBatches) -> None:
    answer = image_batches.create(spec, really=False)
    assert answer.says("spec.source", "Required value: name a source: source.objectKey with source.sha256, ")


@pytest.mark.parametrize(("one", "other"), list(combinations(SOURCES, 2)))
def test_source_when_there_are_two_is_refused(one: str, other: str, image_batches: ImageBatches) -> None:
    answer = image_batches.create({"source": SOURCES[one] | SOURCES[other]}, really=False)
    assert answer.says("spec.source", "name one source only, of objectKey, inline, configMapKeyRef and url")


def test_source_when_there_are_all_is_refused(image_batches: ImageBatches) -> None:
    every = {name: value for source in SOURCES.values() for name, value in source.items()}
    answer = image_batches.create({"source": every, **RETRY}, really=False)
    assert answer.says("spec.source", "name one source only")
    assert answer.says("spec.source", "leave out source beside retryOf")


@pytest.mark.parametrize("source", [{}, *SOURCES.values()], ids=["empty", *SOURCES])
def test_source_when_it_stands_beside_a_retry_is_refused(source: Any, image_batches: ImageBatches) -> None:
    answer = image_batches.create({"source": source, **RETRY}, really=False)
    assert answer.says("spec.source", "leave out source beside retryOf")


@pytest.mark.parametrize("output", [{}, {"quality": 50}], ids=["empty", "default"])
def test_output_when_it_stands_beside_a_retry_is_refused(output: Any, image_batches: ImageBatches) -> None:
    answer = image_batches.create({"output": output, **RETRY}, really=False)
    assert answer.says("spec.output", "leave out output beside retryOf")


@pytest.mark.parametrize(
    "source",
    [{"objectKey": "inbox/a.csv"}, {"sha256": SHA256}, SOURCES["inline"] | {"sha256": SHA256}],
    ids=["no-hash", "hash-alone", "hash-of-another"],
)
def test_hash_when_it_and_the_object_key_are_not_together_is_refused(source: Any, image_batches: ImageBatches) -> None:
    answer = image_batches.create({"source": source}, really=False)
    assert answer.says("spec.source", "objectKey and sha256 go together, neither stands alone")


@pytest.mark.parametrize("key", ["inbox/../requests/a", "inbox//a", "/inbox/a", "inbox/", "inbox/./a", ".."])
def test_object_key_when_a_part_of_it_leads_elsewhere_is_refused(key: str, image_batches: ImageBatches) -> None:
    answer = image_batches.create({"source": {"objectKey": key, "sha256": SHA256}}, really=False)
    assert answer.says("spec.source.objectKey", "no part between its slashes that is empty, . or ..")


@pytest.mark.parametrize("key", ["inbox/a..b/.c", "inbox/...", "requests/x/input.csv", "inbox/Bücher 2.csv"])
def test_object_key_when_its_parts_are_plain_is_taken(key: str, image_batches: ImageBatches) -> None:
    assert image_batches.create({"source": {"objectKey": key, "sha256": SHA256}}, really=False).was_taken


def test_resource_when_it_has_no_spec_is_refused(image_batches: ImageBatches) -> None:
    assert image_batches.create(None, really=False).says("spec", "")
