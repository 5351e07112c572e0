"""The rights that the chart gives are those of docs/reference/rbac.md, each with its reason there."""

from __future__ import annotations

import pytest
from support import chart
from support.listed_rights import Right, granted, listed

COMPONENTS = ["api", "operator", "uninstall"]


def rendered(component: str) -> set[Right]:
    """Each right of a component's Role."""
    return granted(chart.named("Role", f"-{component}", chart.EVERYTHING)["rules"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_rights_when_granted_are_those_of_the_list(component: str) -> None:
    assert rendered(component) == listed(component) != set()


def test_rights_when_everything_is_on_reach_no_secret_and_not_beyond_the_namespace() -> None:
    kinds = {each["kind"] for each in chart.objects(chart.EVERYTHING)}
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds
    rights = {right for component in COMPONENTS for right in rendered(component)}
    assert not [right for right in rights if "secrets" in right or "*" in right or "/finalizers" in right[1]]


@pytest.mark.parametrize("component", COMPONENTS)
def test_role_when_bound_is_its_own_accounts_alone(component: str) -> None:
    binding = chart.named("RoleBinding", f"-{component}")
    account = {"kind": "ServiceAccount", "name": f"imagebatch-{component}", "namespace": "imagebatch"}
    assert binding["subjects"] == [account]
    assert binding["roleRef"]["name"] == f"imagebatch-{component}"
    assert chart.pods()[f"imagebatch-{component}"]["serviceAccountName"] == f"imagebatch-{component}"


def test_processor_when_it_has_an_account_has_no_rights() -> None:
    assert chart.pods()["processor"]["serviceAccountName"] == "imagebatch-processor"
    with_rights = {f"imagebatch-{component}" for component in COMPONENTS}
    assert chart.names_of("Role") == chart.names_of("RoleBinding") == with_rights
