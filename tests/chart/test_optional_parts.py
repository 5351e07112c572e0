"""What is switched off is not there, what is switched on is, and says what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support import chart

ALWAYS = {
    *("ConfigMap", "CustomResourceDefinition", "Deployment", "Job", "NetworkPolicy", "Role", "RoleBinding", "Service"),
    "ServiceAccount",
}


def kinds(values: Mapping[str, Any]) -> set[str]:
    return {each["kind"] for each in chart.objects(values)}


def test_chart_when_nothing_is_asked_for_holds_what_it_needs() -> None:
    assert kinds(chart.STORE) == ALWAYS
    assert chart.names_of("Deployment") == {"imagebatch-api", "imagebatch-operator"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"ingress": {"enabled": True}}, "Ingress"),
        ({"httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}]}}, "HTTPRoute"),
        ({"api": {"replicas": 2}}, "PodDisruptionBudget"),
        ({"test": {"existingSecret": "a-key"}}, "Pod"),
    ],
)
def test_part_when_switched_on_is_the_one_more(values: Mapping[str, Any], kind: str) -> None:
    assert kinds({**chart.STORE, **values}) == {*ALWAYS, kind}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"crd": {"enabled": False}}, "CustomResourceDefinition"),
        ({"networkPolicy": {"enabled": False}}, "NetworkPolicy"),
    ],
)
def test_part_when_switched_off_is_the_one_less(values: Mapping[str, Any], kind: str) -> None:
    assert kinds({**chart.STORE, **values}) == ALWAYS - {kind}


def test_definition_when_kept_says_so_to_helm() -> None:
    (kept,) = [each for each in chart.objects() if each["kind"] == "CustomResourceDefinition"]
    gone = {**chart.STORE, "crd": {"keep": False}}
    (let_go,) = [each for each in chart.objects(gone) if each["kind"] == "CustomResourceDefinition"]
    assert kept["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in let_go["metadata"]
    assert kept["spec"] == let_go["spec"]


def test_ingress_when_no_class_is_named_has_the_clusters_default() -> None:
    plain = chart.named("Ingress", "-api", {**chart.STORE, "ingress": {"enabled": True}})
    assert set(plain["spec"]) == {"rules"}
    assert "host" not in plain["spec"]["rules"][0]
    told = chart.named("Ingress", "-api", chart.EVERYTHING)
    assert told["spec"]["ingressClassName"] == "traefik"
    assert told["spec"]["tls"] == [{"secretName": "images-tls", "hosts": ["images.example.com"]}]
    assert told["metadata"]["annotations"] == {"example.com/body": "11m"}


def test_metrics_when_the_api_is_published_are_not() -> None:
    ingress = chart.named("Ingress", "-api", chart.EVERYTHING)["spec"]["rules"][0]["http"]["paths"]
    route = chart.named("HTTPRoute", "-api", chart.EVERYTHING)["spec"]["rules"]
    matches = [match["path"]["value"] for rule in route for match in rule["matches"]]
    assert [each["path"] for each in ingress] == matches
    assert "/upload" in matches
    assert not [path for path in matches if "/metrics".startswith(path)]
    assert all(len(rule["matches"]) <= 8 for rule in route)


def test_data_of_dev_parts_when_no_size_is_given_goes_with_the_pod() -> None:
    values = {"dev": {"seed": "0123456789abcdef", "postgres": {"enabled": True}, "s3": {"enabled": True}}}
    assert chart.names_of("PersistentVolumeClaim", values) == set()
    kept = {"imagebatch-dev-postgres", "imagebatch-dev-s3"}
    assert chart.names_of("PersistentVolumeClaim", chart.EVERYTHING) == kept


def test_notes_when_dev_parts_are_on_warn_loudly() -> None:
    annotation = chart.named("Deployment", "-dev-s3", chart.EVERYTHING)["metadata"]["annotations"]
    assert "not for production" in annotation["imagebatch.io/warning"]
