"""The rights that the chart gives are those of docs/reference/rbac.md, each with its reason there."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from support import chart

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "rbac.md"
ROW = re.compile(r"^\| (`\S+`|core) \| `(\S+)` \| `(\S+)` \| (.+) \|$", re.MULTILINE)


def listed(component: str) -> set[tuple[str, str, str]]:
    """Group, resource and verb of each row of a component's table."""
    section = PAGE.read_text("utf-8").partition(f"\n## {component}\n")[2].partition("\n## ")[0]
    return {("" if group == "core" else group.strip("`"), what, verb) for group, what, verb, _ in ROW.findall(section)}


def granted(component: str) -> set[tuple[str, str, str]]:
    """Group, resource and verb of each right of a component's Role."""
    rules = chart.named("Role", f"-{component}", chart.EVERYTHING)["rules"]
    return {right for rule in rules for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


@pytest.mark.parametrize("component", ["api", "operator"])
def test_rights_when_granted_are_those_of_the_list(component: str) -> None:
    assert granted(component) == listed(component) != set()


def test_rights_when_everything_is_on_reach_no_secret_and_not_beyond_the_namespace() -> None:
    kinds = {each["kind"] for each in chart.objects(chart.EVERYTHING)}
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds
    rights = granted("api") | granted("operator")
    assert not [right for right in rights if "secrets" in right or "*" in right or "/finalizers" in right[1]]


@pytest.mark.parametrize("component", ["api", "operator"])
def test_role_when_bound_is_its_own_accounts_alone(component: str) -> None:
    binding = chart.named("RoleBinding", f"-{component}")
    account = {"kind": "ServiceAccount", "name": f"imagebatch-{component}", "namespace": "imagebatch"}
    assert binding["subjects"] == [account]
    assert binding["roleRef"]["name"] == f"imagebatch-{component}"
    assert chart.pods()[f"imagebatch-{component}"]["serviceAccountName"] == f"imagebatch-{component}"


def test_processor_when_it_has_an_account_has_no_rights() -> None:
    assert chart.pods()["processor"]["serviceAccountName"] == "imagebatch-processor"
    assert chart.names_of("Role") == chart.names_of("RoleBinding") == {"imagebatch-api", "imagebatch-operator"}
