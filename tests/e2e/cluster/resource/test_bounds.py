"""Every bound of the resource's schema holds on a real API server, on both of its sides."""

from __future__ import annotations

from typing import Any

import pytest
from support.image_batches import ImageBatches
from support.resource_definition import fields, schema

FIELDS = dict(fields(schema()["properties"]["spec"]))
NUMBERS = [path for path, field in FIELDS.items() if field["type"] == "integer"]
WORDS = [path for path, field in FIELDS.items() if "enum" in field]
TEXTS = [path for path, field in FIELDS.items() if field["type"] == "string" and "enum" not in field]
# The longest text that each field takes, where it is not simply a row of one letter.
LONGEST = {
    "source.sha256": "a" * 64,
    "source.url": "https://example.com/".ljust(2_048, "a"),
    "webhook.url": "https://example.com/".ljust(2_048, "a"),
    "retryOf": "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11",
}
MISSPELLED = {
    "source.objectKey": "inbox/\n",
    "source.sha256": "A" * 64,
    "source.url": "ftp://example.com/products.csv",
    "source.configMapKeyRef.name": "Products",
    "source.configMapKeyRef.key": "a/b.csv",
    "retryOf": "0B1F8A9E-5C0E-4F0E-9F6B-0A6F0F6A2C11",
    "webhook.url": "https://user@example.com/hook",
    "webhook.keyName": "../default",
}


def longest(path: str) -> str:
    return LONGEST.get(path, "a" * FIELDS[path]["maxLength"])


def spec(path: str, value: Any) -> dict[str, Any]:
    """Return a spec with one field set, and what must stand beside it."""
    *parents, last = path.split(".")
    built: dict[str, Any] = {} if parents[:1] == ["source"] or path == "retryOf" else {"source": {"inline": "a"}}
    nested = built
    for name in parents:
        nested = nested.setdefault(name, {})
    company = {"objectKey": {"sha256": "a" * 64}, "sha256": {"objectKey": "inbox/a.csv"}, "key": {"name": "a"}}
    company |= {"name": {"key": "a"}, "keyName": {"url": "https://example.com/"}}
    nested |= {**company.get(last, {}), last: value}
    return built


@pytest.mark.parametrize("path", NUMBERS)
def test_number_when_it_lies_within_its_bounds_is_taken(path: str, image_batches: ImageBatches) -> None:
    for value in (FIELDS[path]["minimum"], FIELDS[path]["maximum"]):
        assert image_batches.create(spec(path, value), really=False).was_taken


@pytest.mark.parametrize("path", NUMBERS)
def test_number_when_it_lies_beyond_its_bounds_is_refused(path: str, image_batches: ImageBatches) -> None:
    for value in (FIELDS[path]["minimum"] - 1, FIELDS[path]["maximum"] + 1, "1", 1.5):
        assert image_batches.create(spec(path, value), really=False).says(f"spec.{path}", "Invalid value")


@pytest.mark.parametrize("path", TEXTS)
def test_text_when_it_is_as_long_as_can_be_is_taken(path: str, image_batches: ImageBatches) -> None:
    assert image_batches.create(spec(path, longest(path)), really=False).was_taken


@pytest.mark.parametrize("path", TEXTS)
def test_text_when_it_is_longer_or_empty_is_refused(path: str, image_batches: ImageBatches) -> None:
    for value in (longest(path) + "a", ""):
        assert image_batches.create(spec(path, value), really=False).causes[0][0] == f"spec.{path}"


@pytest.mark.parametrize("path", MISSPELLED)
def test_text_when_it_is_misspelled_is_refused(path: str, image_batches: ImageBatches) -> None:
    answer = image_batches.create(spec(path, MISSPELLED[path]), really=False)
    assert answer.says(f"spec.{path}", "should match")


@pytest.mark.parametrize("path", WORDS)
def test_word_when_it_is_none_of_those_known_is_refused(path: str, image_batches: ImageBatches) -> None:
    for word in FIELDS[path]["enum"]:
        assert image_batches.create(spec(path, word), really=False).was_taken
        answer = image_batches.create(spec(path, word.lower()), really=False)
        assert answer.says(f"spec.{path}", "Unsupported value")


def test_texts_when_the_schema_has_a_pattern_are_all_misspelled() -> None:
    assert set(MISSPELLED) == {path for path in TEXTS if "pattern" in FIELDS[path]}


def test_inline_when_it_is_of_wide_characters_is_counted_in_them(image_batches: ImageBatches) -> None:
    assert image_batches.create(spec("source.inline", "ü" * 16_384), really=False).was_taken
    assert not image_batches.create(spec("source.inline", "ü" * 16_385), really=False).was_taken


def test_field_when_there_is_none_of_that_name_is_dropped(image_batches: ImageBatches) -> None:
    answer = image_batches.create({"source": {"inline": "a"}, "quality": 50}, really=False)
    assert "quality" not in answer.resource["spec"]
