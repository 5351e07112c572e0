"""The resource has the words, the bounds and the defaults of the model."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest
from support.resource_definition import field

from imagebatch.model.batch import (
    MAX_SIDE_PIXELS,
    BatchSpec,
    Bytes,
    Counts,
    Intent,
    Metadata,
    OutputFormat,
    OutputOptions,
    Reason,
    Status,
)
from imagebatch.model.errors import InvalidRequest
from imagebatch.model.names import input_key, job_name
from imagebatch.model.request_ids import REQUEST_ID_PATTERN
from imagebatch.model.sharding import MAX_IMAGES_PER_SHARD, MIN_IMAGES_PER_SHARD, WAVES
from imagebatch.settings import IntakeSettings
from imagebatch_api.schemas.uploads import MAX_WEBHOOK_URL_LENGTH, UploadOptionsIn

REQUEST_ID = "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11"
OF_OUTPUT = OutputOptions().to_json()
NUMBERS = ("parallelism", "retriesPerShard", "failureThresholdPercent", "activeDeadlineSeconds")


def in_snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def described_default(path: str) -> str | None:
    found = re.search(r"When unset, it is (\w+)\b", field(path)["description"])
    return found[1] if found else None


def as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_output_when_options_are_added_to_the_model_has_them_all() -> None:
    assert list(field("spec.output")["properties"]) == list(OF_OUTPUT)


@pytest.mark.parametrize(("path", "words"), [("format", OutputFormat), ("metadata", Metadata)])
def test_words_when_the_model_knows_them_are_those_of_the_resource(path: str, words: Any) -> None:
    assert field(f"spec.output.{path}")["enum"] == [word.value for word in words]


@pytest.mark.parametrize("name", [name for name, value in OF_OUTPUT.items() if value is not None])
def test_option_when_it_is_unset_has_the_models_default(name: str) -> None:
    assert described_default(f"spec.output.{name}") == as_written(OF_OUTPUT[name])


@pytest.mark.parametrize("name", ["quality", "maxWidth", "maxHeight"])
def test_option_when_it_is_a_number_has_the_models_bounds(name: str) -> None:
    bounds = field(f"spec.output.{name}")
    for fits in (bounds["minimum"], bounds["maximum"]):
        OutputOptions.from_json({name: fits})
    for beyond in (bounds["minimum"] - 1, bounds["maximum"] + 1):
        with pytest.raises(InvalidRequest):
            OutputOptions.from_json({name: beyond})


def test_sides_when_they_are_bounded_have_the_longest_side_of_pictures() -> None:
    assert {field(f"spec.output.{name}")["maximum"] for name in ("maxWidth", "maxHeight")} == {MAX_SIDE_PIXELS}


def test_spec_when_the_model_has_a_field_has_it_too() -> None:
    flat = set(map(in_snake_case, field("spec")["properties"]))
    named_otherwise = {"webhook_url", "webhook_key_name", "ttl_seconds"}
    known = {each.name for each in (*fields(BatchSpec), *fields(Intent))} - named_otherwise
    assert flat - known == {"source", "retry_of", "webhook", "ttl_seconds_after_finished"}
    assert known - flat == set()
    assert list(field("spec.webhook")["properties"]) == ["url", "keyName"]


@pytest.mark.parametrize("name", NUMBERS)
def test_number_when_it_is_unset_has_the_default_of_model_and_settings(name: str) -> None:
    default = getattr(BatchSpec(), in_snake_case(name))
    assert described_default(f"spec.{name}") == str(default)
    assert field(f"spec.{name}").get("default", default) == default
    assert getattr(IntakeSettings(), in_snake_case(name), default) == default
    assert field(f"spec.{name}")["minimum"] <= default <= field(f"spec.{name}")["maximum"]


@pytest.mark.parametrize("name", ["suspend", "cancel", "parallelism"])
def test_intent_when_it_is_unset_has_the_models_default(name: str) -> None:
    assert field(f"spec.{name}")["default"] == getattr(Intent(), name)


def test_images_per_shard_when_unset_is_chosen_as_described() -> None:
    said = field("spec.imagesPerShard")["description"]
    assert WAVES == 4
    assert "divided by four times parallelism" in said
    assert f"at least {MIN_IMAGES_PER_SHARD} and at most {MAX_IMAGES_PER_SHARD}." in said


def test_status_when_the_model_has_a_word_has_it_too() -> None:
    assert field("status.status")["enum"] == [word.value for word in Status]


def test_reasons_when_the_model_has_them_are_all_explained_and_fit() -> None:
    said = field("status.reason")["description"]
    assert set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", said)) == {
        *(word.value for word in Reason),
        *(word.value for word in Status),
    }
    assert all(re.search(field("status.reason")["pattern"], word) for word in Reason)


def test_counts_when_the_status_shows_them_are_those_of_the_model() -> None:
    counted = {each.name for each in fields(Counts)} | {"pending"}
    assert set(field("status.images")["properties"]) == counted
    assert set(field("status.bytes")["properties"]) == {each.name for each in fields(Bytes)}


def test_progress_when_it_is_at_its_longest_fits() -> None:
    for path, written in (("progress", "120/500"), ("saved", "41 %"), ("saved", "-3 %")):
        assert re.search(field(f"status.{path}")["pattern"], written)


@pytest.mark.parametrize("path", ["spec.retryOf", "status.requestId"])
def test_request_id_when_it_is_named_is_spelled_as_given_out(path: str) -> None:
    assert field(path)["pattern"] == f"^{REQUEST_ID_PATTERN}$"
    assert field(path)["maxLength"] == len(REQUEST_ID)


def test_names_when_the_api_makes_the_resource_fit() -> None:
    assert re.search(field("spec.source.objectKey")["pattern"], input_key(REQUEST_ID))
    assert re.search(field("status.jobName")["pattern"], job_name(REQUEST_ID))
    assert field("spec.source.url")["maxLength"] == IntakeSettings().max_url_length


@pytest.mark.parametrize(
    "url",
    ["https://shop.example.com/hooks?a=b", "HTTP://shop.example.com", "https://bücher.example:8443/ü", "http://[::1]/"],
)
def test_webhook_url_when_the_api_takes_it_is_taken_here(url: str) -> None:
    assert UploadOptionsIn(webhook_url=url).webhook_url == url
    assert re.search(field("spec.webhook.url")["pattern"], url)
    assert field("spec.webhook.url")["maxLength"] == MAX_WEBHOOK_URL_LENGTH


@pytest.mark.parametrize(
    "url", ["ftp://shop.example.com/", "https://user@shop.example.com/", "https://", "https://a b/"]
)
def test_webhook_url_when_the_api_refuses_it_is_refused_here(url: str) -> None:
    with pytest.raises(ValueError, match="webhook_url"):
        UploadOptionsIn(webhook_url=url)
    assert not re.search(field("spec.webhook.url")["pattern"], url)
