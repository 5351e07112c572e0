"""The resource's schema says everything about every field, and nothing in it is left open."""

from __future__ import annotations

from typing import Any

import pytest
from support.resource_definition import MUTABLE, definition, fields, schema, version

FIELDS = dict(fields(schema()))
SPEC_FIELDS = list(schema()["properties"]["spec"]["properties"])
EVERY_FIELD = pytest.mark.parametrize("path", FIELDS)
WHOLE = [("", schema()), *FIELDS.items()]


def of_type(kind: str) -> list[str]:
    return [path for path, field in FIELDS.items() if field.get("type") == kind]


def words(nested: Any) -> set[str]:
    """Every key of the definition, at any depth."""
    if isinstance(nested, dict):
        return {*nested, *(word for value in nested.values() for word in words(value))}
    return {word for value in nested for word in words(value)} if isinstance(nested, list) else set()


@EVERY_FIELD
def test_field_when_it_is_explained_opens_with_its_name(path: str) -> None:
    name = path.rpartition(".")[2]
    description = FIELDS[path]["description"]
    assert description.endswith(".")
    assert name.endswith("[]") or description.split()[0].rstrip(":") == name


@EVERY_FIELD
def test_field_when_it_may_be_left_out_says_what_then_holds(path: str) -> None:
    parent, _, name = path.rpartition(".")
    needed = name in (FIELDS.get(parent) or schema()).get("required", [])
    if path.startswith("spec.") and path != "spec.source.sha256":
        assert ("When unset, " in FIELDS[path]["description"]) is not needed or path == "spec.output"


@pytest.mark.parametrize("path", of_type("string"))
def test_string_when_it_is_stored_is_bounded(path: str) -> None:
    field = FIELDS[path]
    assert "enum" in field or field.get("format") == "date-time" or 0 < field["maxLength"] <= 32_768


@pytest.mark.parametrize("path", of_type("integer"))
def test_number_when_it_is_stored_is_bounded(path: str) -> None:
    field = FIELDS[path]
    assert field["format"] in ("int32", "int64")
    assert field["minimum"] >= 0
    assert not path.startswith("spec.") or field["maximum"] < 2**31


@pytest.mark.parametrize("path", of_type("array"))
def test_list_when_it_is_stored_is_bounded_and_keyed(path: str) -> None:
    field = FIELDS[path]
    assert field["maxItems"] <= 16
    assert field["x-kubernetes-list-type"] == "map"
    assert set(field["x-kubernetes-list-map-keys"]) <= set(field["items"]["required"])


@pytest.mark.parametrize(("path", "field"), WHOLE, ids=[path or "whole" for path, _ in WHOLE])
def test_schema_when_it_is_structural_types_every_field(path: str, field: dict[str, Any]) -> None:
    assert field["type"] in ("object", "string", "integer", "boolean", "array")
    assert (field["type"] == "object") == ("properties" in field)


def test_schema_when_a_field_is_unknown_keeps_none() -> None:
    open_ended = {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "preserveUnknownFields"}
    assert (
        words(definition()) & {*open_ended, "x-kubernetes-int-or-string", "additionalProperties", "nullable"} == set()
    )


def test_defaults_when_they_would_hide_what_is_unset_are_only_described() -> None:
    assert {path for path, field in FIELDS.items() if "default" in field} == {
        "spec.suspend",
        "spec.cancel",
        "spec.parallelism",
    }


@pytest.mark.parametrize("name", [name for name in SPEC_FIELDS if name not in MUTABLE])
def test_field_when_it_is_fixed_has_a_rule_against_adding_changing_and_removing(name: str) -> None:
    rule = f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})"
    rules = schema()["properties"]["spec"]["x-kubernetes-validations"]
    (found,) = [each for each in rules if each["message"] == f"{name} is fixed at creation"]
    assert " ".join(found["rule"].split()) == rule
    assert found["fieldPath"] == f".{name}"


def test_names_when_the_resource_is_served_are_those_of_the_contract() -> None:
    spec = definition()["spec"]
    assert spec["names"]["shortNames"] == ["ib"]
    assert spec["names"]["categories"] == ["imagebatch"]
    assert (spec["group"], spec["scope"], version()["name"]) == ("imagebatch.io", "Namespaced", "v1alpha1")
    assert definition()["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert version()["subresources"] == {"status": {}}


def test_columns_when_resources_are_listed_tell_whether_they_are_done() -> None:
    columns = version()["additionalPrinterColumns"]
    narrow = [each["name"] for each in columns if not each.get("priority")]
    assert narrow == ["Status", "Images", "Failed", "Saved", "Age"]
    assert [each["name"] for each in columns if each.get("priority")] == ["Reason", "Job", "Result"]
    paths = {each["jsonPath"].removeprefix(".") for each in columns}
    assert paths - set(FIELDS) == {"metadata.creationTimestamp"}
