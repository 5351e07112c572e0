"""Every object that the chart can render is one that Kubernetes knows, field by field, as its OpenAPI documents say.

They come with the Go module that the throw-away cluster is built from; HTTPRoute's with the Gateway API's definitions.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from cluster.layout import TOOLS
from cluster.programs import gateway_definitions
from support import chart

Schema = dict[str, Any]
DEV_OFF = {**chart.EVERYTHING, **chart.STORE, "dev": {}, "test": {"existingSecret": "a-key"}}


@cache
def openapi() -> Path:
    command = ["go", "mod", "download", "-json", "k8s.io/kubernetes"]
    told = subprocess.run(command, cwd=TOOLS / "kubernetes", capture_output=True, text=True, check=True)
    return Path(json.loads(told.stdout)["Dir"]) / "api" / "openapi-spec" / "v3"


def schema_of(version: str, kind: str) -> Schema:
    if version.startswith("gateway.networking.k8s.io/"):
        return route_schema()
    group, _, number = version.rpartition("/")
    return _schema(f"apis__{group}__{number}" if group else f"api__{number}", kind)


@cache
def _schema(document: str, kind: str) -> Schema:
    schemas = json.loads((openapi() / f"{document}_openapi.json").read_text("utf-8"))["components"]["schemas"]
    for each in schemas.values():
        strict(each)
    (name,) = [
        name
        for name, each in schemas.items()
        if any(known["kind"] == kind for known in each.get("x-kubernetes-group-version-kind", ()))
        and not name.endswith("DeleteOptions")
    ]
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}


@cache
def route_schema() -> Schema:
    (file,) = gateway_definitions().glob("*_httproutes.yaml")
    definition = yaml.safe_load(file.read_text("utf-8"))
    (schema,) = [each["schema"]["openAPIV3Schema"] for each in definition["spec"]["versions"] if each["name"] == "v1"]
    schema["properties"]["metadata"]["properties"] = {
        name: {} for name in ("name", "namespace", "labels", "annotations")
    }
    strict(schema)
    found: Schema = schema
    return found


def strict(schema: Any) -> None:
    """Have unknown fields refused, as `kubectl apply` with strict validation does."""
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        for each in schema.values():
            strict(each)
    elif isinstance(schema, list):
        for each in schema:
            strict(each)


def problems(each: chart.Object) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema_of(each["apiVersion"], each["kind"]))
    for error in validator.iter_errors(each):
        yield f"{each['kind']} {each['metadata']['name']} {error.json_path}: {error.message[:300]}"


@pytest.mark.parametrize("values", [chart.STORE, chart.EVERYTHING, DEV_OFF], ids=["least", "everything", "production"])
def test_objects_when_rendered_are_valid_field_by_field(values: dict[str, Any]) -> None:
    found = chart.objects(values)
    assert [problem for each in found for problem in problems(each)] == []


def test_pod_template_when_made_into_a_pod_is_valid_field_by_field() -> None:
    template = chart.pod_template(chart.EVERYTHING)
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "shard", **template["metadata"]}}
    assert list(problems(pod)) == []


@pytest.mark.parametrize(
    ("field", "value"), [("replica", 1), ("replicas", "one"), ("template", {"spec": {"containers": [{"nam": "x"}]}})]
)
def test_check_when_a_field_is_wrong_finds_it(field: str, value: Any) -> None:
    broken = chart.named("Deployment", "-api")
    broken = {**broken, "spec": {**broken["spec"], field: value}}
    assert list(problems(broken))
