"""The ImageBatch resource's definition as it is shipped: its schema, its fields, the samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "charts" / "imagebatch" / "crd" / "imagebatches.yaml"
SAMPLES = ROOT / "manifests" / "samples"

MUTABLE = ("suspend", "cancel", "parallelism", "ttlSecondsAfterFinished")


@cache
def definition() -> dict[str, Any]:
    """The whole definition."""
    return yaml.safe_load(DEFINITION.read_text("utf-8"))


def version() -> dict[str, Any]:
    """Its one version."""
    (only,) = definition()["spec"]["versions"]
    return only


def schema() -> dict[str, Any]:
    """The schema of an ImageBatch."""
    return version()["schema"]["openAPIV3Schema"]


def fields(of: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema by its dotted path; a list's items are `[]`. Kubernetes itself describes metadata."""
    for name, field in of.get("properties", {}).items():
        if field == {"type": "object"} and name == "metadata":
            continue
        yield f"{path}.{name}".lstrip("."), field
        yield from fields(field, f"{path}.{name}")
    if "items" in of:
        yield f"{path}[]".lstrip("."), of["items"]
        yield from fields(of["items"], f"{path}[]")


def field(path: str) -> dict[str, Any]:
    """One field of an ImageBatch."""
    return dict(fields(schema()))[path]


def sample_files() -> list[Path]:
    """The samples, by name."""
    return sorted(SAMPLES.glob("*.yaml"))


def documents(file: Path) -> list[dict[str, Any]]:
    """What stands in a file of samples."""
    return list(yaml.safe_load_all(file.read_text("utf-8")))


def faults(resource: dict[str, Any]) -> list[str]:
    """What is wrong with a resource by its schema, fields that there are none of too; the rules are not asked."""
    strict = Draft202012Validator(_closed(schema()), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in strict.iter_errors(resource)]


def _closed(of: Any) -> Any:
    """A copy of a schema that takes no field beyond its own."""
    closed = json.loads(json.dumps(of))
    for each in [closed, *(field for _, field in fields(closed))]:
        if "properties" in each:
            each["additionalProperties"] = False
    return closed
