"""The status is written by its own path only, and lists, waits and explanations read from it what people need."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from support.image_batches import ImageBatches
from support.resource_definition import documents, fields, sample_files, schema

SPEC = {"source": {"url": "https://example.com/products.csv"}}
DONE: dict[str, Any] = {
    "observedGeneration": 1,
    "requestId": "0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11",
    "status": "Completed",
    "reason": "PartiallySucceeded",
    "message": "118 of 120 images succeeded, 2 failed.",
    "progress": "120/120",
    "saved": "41 %",
    "images": {"total": 120, "pending": 0, "succeeded": 118, "failed": 2},
    "bytes": {"input": 48_211_034, "output": 28_444_510},
    "shards": {"total": 3, "succeeded": 3, "failed": 0},
    "jobName": "ib-0b1f8a9e-5c0e-4f0e-9f6b-0a6f0f6a2c11",
    "resultUrl": "https://images.example/results/0b1f8a9e/output.csv?t=abc",
    "startTime": "2026-01-02T03:04:05Z",
    "completionTime": "2026-01-02T03:05:06.123456Z",
    "conditions": [
        {
            "type": "Complete",
            "status": "True",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-02T03:05:06Z",
            "reason": "PartiallySucceeded",
            "message": "118 of 120 images succeeded, 2 failed.",
        }
    ],
}
PARTS = dict(fields(schema()))
WITH_FIELDS = [path for path, field in PARTS.items() if "properties" in field and "[]" not in path]


def test_status_when_it_comes_with_the_spec_is_not_stored(image_batches: ImageBatches) -> None:
    made = image_batches.create(SPEC, status=DONE).resource
    assert "status" not in made
    assert "status" not in image_batches.replace(made, status=DONE).resource


def test_status_when_it_comes_by_its_own_path_is_stored_whole(image_batches: ImageBatches) -> None:
    made = image_batches.existing(SPEC)
    written = image_batches.patch_status(made, DONE).resource
    assert written["status"] == DONE
    assert written["spec"] == made["spec"]
    assert written["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "Done"),
        ("requestId", "0B1F8A9E-5C0E-4F0E-9F6B-0A6F0F6A2C11"),
        ("progress", "all"),
        ("images", {"failed": -1}),
        ("startTime", "yesterday"),
        ("conditions", [DONE["conditions"][0]] * 2),
    ],
)
def test_status_when_it_makes_no_sense_is_refused(field: str, value: Any, image_batches: ImageBatches) -> None:
    assert not image_batches.patch_status(image_batches.existing(SPEC), {field: value}).was_taken


def test_list_when_a_batch_is_done_answers_in_its_columns(image_batches: ImageBatches) -> None:
    made = image_batches.existing(SPEC)
    image_batches.patch_status(made, DONE)
    shown = ["get", "ib", made["metadata"]["name"]]
    head, row = (re.split(r" {2,}", line.strip()) for line in image_batches.kubectl(*shown).splitlines())
    assert head == ["NAME", "STATUS", "IMAGES", "FAILED", "SAVED", "AGE"]
    assert row[:5] == [made["metadata"]["name"], "Completed", "120/120", "2", "41 %"]
    head, row = (re.split(r" {2,}", line.strip()) for line in image_batches.kubectl(*shown, "-o", "wide").splitlines())
    assert head == ["NAME", "STATUS", "IMAGES", "FAILED", "SAVED", "REASON", "JOB", "RESULT", "AGE"]
    assert row[5:8] == ["PartiallySucceeded", DONE["jobName"], DONE["resultUrl"]]


@pytest.mark.parametrize("what", ["condition=Complete", "jsonpath={.status.completionTime}"])
def test_wait_when_the_batch_is_complete_comes_back(what: str, image_batches: ImageBatches) -> None:
    made = image_batches.existing(SPEC)
    image_batches.patch_status(made, DONE)
    name = f"ib/{made['metadata']['name']}"
    assert "condition met" in image_batches.kubectl("wait", f"--for={what}", name, "--timeout=10s")


@pytest.mark.parametrize("word", ["ib", "imagebatch", "imagebatches", "imagebatches.imagebatch.io"])
def test_resource_when_it_is_named_in_any_way_is_found(word: str, image_batches: ImageBatches) -> None:
    made = image_batches.existing(SPEC)
    told = image_batches.kubectl("get", word, made["metadata"]["name"], "-o", "json")
    assert json.loads(told)["metadata"]["uid"] == made["metadata"]["uid"]


def test_category_when_it_is_asked_for_lists_the_resources(image_batches: ImageBatches) -> None:
    made = image_batches.existing(SPEC)
    assert made["metadata"]["name"] in image_batches.kubectl("get", "imagebatch", "-o", "name")


@pytest.mark.parametrize("path", WITH_FIELDS)
def test_explain_when_it_is_asked_explains_every_field(path: str, image_batches: ImageBatches) -> None:
    told = " ".join(image_batches.kubectl("explain", f"imagebatch.{path}").split())
    for name, field in PARTS[path]["properties"].items():
        assert f"{name} <" in told
        assert field["description"] in told


def test_explain_when_it_is_recursive_names_every_field(image_batches: ImageBatches) -> None:
    for part in ("spec", "status"):
        told = image_batches.kubectl("explain", f"imagebatch.{part}", "--recursive")
        named = re.findall(r"^ *(\w+)\t", told, re.MULTILINE)
        wanted = [path.rpartition(".")[2] for path, _ in fields(schema()["properties"][part])]
        assert sorted(named) == sorted(name for name in wanted if not name.endswith("[]"))


def test_kubectl_when_a_field_is_misspelled_refuses_the_file(image_batches: ImageBatches) -> None:
    (file,) = [each for each in sample_files() if each.stem == "url"]
    (sample,) = documents(file)
    sample["spec"]["ouput"] = {"quality": 50}
    with pytest.raises(Exception, match=r'unknown field "spec.ouput"'):
        image_batches.kubectl("create", "--dry-run=server", "-f", "-", given=yaml.safe_dump(sample))
