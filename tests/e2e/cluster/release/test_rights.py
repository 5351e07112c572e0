"""What the service accounts of a release may do, as the API server itself tells: what the list says and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from support.cluster import Refused
from support.installation import NAME, RELEASE
from support.listed_rights import Right, granted, listed, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.installation import Installation

pytestmark = pytest.mark.timeout(1_200)

COMPONENTS = ["api", "operator", "uninstall", "processor"]
RIGHTS = ("ServiceAccount", "Role", "RoleBinding")
EVERYBODY = "default"  # the account that every namespace has, and that nobody gave anything


@pytest.fixture(scope="module", autouse=True)
def at_its_end(installation: Installation) -> Iterator[None]:
    """The account that Helm makes for the end of the release alone is there, too."""
    hooks = yaml.safe_load_all(installation.helm("get", "hooks", RELEASE))
    made = yaml.safe_dump_all([each for each in hooks if each and each["kind"] in RIGHTS])
    installation.kubectl("apply", "-f", "-", given=made)
    yield
    installation.kubectl("delete", "-f", "-", given=made)


@pytest.mark.parametrize("component", COMPONENTS)
def test_account_when_it_asks_what_it_may_do_is_told_the_list(installation: Installation, component: str) -> None:
    rights = told(can_i(installation, account(component), "--list", "--no-headers"))
    everybodys = told(can_i(installation, EVERYBODY, "--list", "--no-headers"))
    assert ("authorization.k8s.io", "selfsubjectaccessreviews", "create") in everybodys
    assert rights - everybodys == listed(component)


@pytest.mark.parametrize("component", COMPONENTS)
def test_account_when_it_looks_beyond_its_namespace_has_no_rights(installation: Installation, component: str) -> None:
    rights = told(can_i(installation, account(component), "--list", "--no-headers", namespace="kube-system"))
    assert rights == told(can_i(installation, EVERYBODY, "--list", "--no-headers", namespace="kube-system"))


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("verb", ["get", "list", "watch", "create", "update", "patch", "delete"])
def test_account_when_it_asks_for_secrets_is_refused(installation: Installation, component: str, verb: str) -> None:
    with pytest.raises(Refused, match=r"no$"):
        can_i(installation, account(component), verb, "secrets")


@pytest.mark.parametrize("component", COMPONENTS)
def test_roles_when_read_back_bind_an_account_to_the_list(installation: Installation, component: str) -> None:
    bindings = json.loads(installation.kubectl("get", "rolebindings,clusterrolebindings", "-A", "-o", "json"))["items"]
    of_it = [
        each for each in bindings if any(_is(subject, installation, component) for subject in each.get("subjects", ()))
    ]
    assert {each["kind"] for each in of_it} <= {"RoleBinding"}
    assert {each["metadata"]["namespace"] for each in of_it} <= {installation.namespace}
    assert {right for each in of_it for right in _rights(installation, each["roleRef"]["name"])} == listed(component)


def account(component: str) -> str:
    return f"{NAME}-{component}"


def can_i(installation: Installation, name: str, *asked: str, namespace: str = "") -> str:
    """Ask as a service account of the release, about the release's namespace if no other is given."""
    whoever = f"--as=system:serviceaccount:{installation.namespace}:{name}"
    return installation.cluster.kubectl("auth", "can-i", *asked, whoever, "-n", namespace or installation.namespace)


def _is(subject: dict[str, str], installation: Installation, component: str) -> bool:
    return (subject["kind"], subject["name"], subject.get("namespace")) == (
        "ServiceAccount",
        account(component),
        installation.namespace,
    )


def _rights(installation: Installation, role: str) -> set[Right]:
    return granted(json.loads(installation.kubectl("get", "role", role, "-o", "json"))["rules"])
