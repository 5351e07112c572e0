"""The samples are resources that the schema takes, one for each kind of source, and what they carry is accepted."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.resource_definition import ROOT, documents, faults, field, sample_files

from imagebatch.model.csvrows import parse
from imagebatch.settings import IntakeSettings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
YAML_BLOCKS = [
    block for page in PAGES for block in BLOCK.findall(page.read_text("utf-8")) if "kind: ImageBatch" in block
]
EVERY_SAMPLE = pytest.mark.parametrize("file", sample_files(), ids=lambda file: file.stem)


def image_batch(file: Path) -> dict[str, Any]:
    (found,) = [each for each in documents(file) if each["kind"] == "ImageBatch"]
    return found


def sample(name: str) -> dict[str, Any]:
    (file,) = [each for each in sample_files() if each.stem == name]
    return image_batch(file)


@EVERY_SAMPLE
def test_sample_when_it_is_applied_fits_the_schema(file: Path) -> None:
    assert faults(image_batch(file)) == []
    assert file.read_text("utf-8").startswith("# ")


def test_samples_when_there_is_a_kind_of_source_show_it() -> None:
    assert {file.stem for file in sample_files()} == {"inline", "configmap", "url", "objectkey", "retry"}
    shown = {name for file in sample_files() for name in image_batch(file)["spec"].get("source", {})}
    assert shown == set(field("spec.source")["properties"])
    assert "retryOf" in sample("retry")["spec"]


def test_csv_when_a_sample_carries_it_is_accepted() -> None:
    limits = IntakeSettings().csv_limits()
    reference = sample("configmap")["spec"]["source"]["configMapKeyRef"]
    (config_map,) = [each for file in sample_files() for each in documents(file) if each["kind"] == "ConfigMap"]
    assert config_map["metadata"]["name"] == reference["name"]
    for text in (sample("inline")["spec"]["source"]["inline"], config_map["data"][reference["key"]]):
        assert len(parse(text.encode(), limits).rows) == 2


def test_object_key_when_a_sample_names_one_lies_in_the_inbox() -> None:
    assert sample("objectkey")["spec"]["source"]["objectKey"].startswith("inbox/")


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=[str(number) for number, _ in enumerate(YAML_BLOCKS)])
def test_resource_when_a_page_shows_it_fits_the_schema(block: str) -> None:
    shown = [each for each in yaml.safe_load_all(block) if each.get("kind") == "ImageBatch"]
    assert [fault for each in shown for fault in faults(each)] == []


def changed(path: str, value: Any) -> dict[str, Any]:
    resource = deepcopy(sample("inline"))
    *parents, last = path.split(".")
    nested = resource
    for name in parents:
        nested = nested.setdefault(name, {})
    nested[last] = value
    return resource


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.quality", 50),
        ("spec.output.format", "GIF"),
        ("spec.output.maxWidth", "1600"),
        ("spec.source.inline", "x" * 16_385),
        ("spec.parallelism", 0),
        ("status.status", "Done"),
        ("status.conditions", [{"type": "Complete", "status": "True"}]),
    ],
)
def test_resource_when_a_field_does_not_fit_has_a_fault(path: str, value: Any) -> None:
    assert faults(changed(path, value)) != []
