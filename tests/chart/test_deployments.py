"""The Deployments: how many, how they are replaced, what is asked of them, and what makes them start again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support import chart

OTHER_IMAGE = {**chart.STORE, "processor": {"image": {"tag": "2"}}}
OTHER_SEED = {**chart.EVERYTHING, "dev": {**chart.DEV["dev"], "seed": "another seed, as long"}}


def template(name: str, values: Mapping[str, Any] = chart.STORE) -> chart.Object:
    found: chart.Object = chart.named("Deployment", f"-{name}", values)["spec"]["template"]
    return found


def test_operator_when_replaced_is_never_two() -> None:
    spec = chart.named("Deployment", "-operator", chart.EVERYTHING)["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_api_when_replaced_is_never_less() -> None:
    spec = chart.named("Deployment", "-api", chart.EVERYTHING)["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert chart.named("PodDisruptionBudget", "-api", chart.EVERYTHING)["spec"]["maxUnavailable"] == 1


def test_api_when_probed_is_alive_without_its_dependencies_and_ready_with_them() -> None:
    (container,) = template("api")["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}


def test_operator_when_probed_is_asked_for_its_watches() -> None:
    (container,) = template("operator")["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "liveness"}


@pytest.mark.parametrize("name", ["api", "operator"])
def test_schema_when_a_program_starts_was_brought_up_to_date_before(name: str) -> None:
    (init,) = template(name)["spec"]["initContainers"]
    (container,) = template(name)["spec"]["containers"]
    assert init["args"] == ["imagebatch_migrations"]
    assert init["image"] == container["image"] == "imagebatch-api:0.1.0"


def test_operator_when_the_processors_template_changes_starts_again() -> None:
    checksum = "checksum/processor"
    old, new = (template("operator", values)["metadata"]["annotations"] for values in (chart.STORE, OTHER_IMAGE))
    assert old[checksum] != new[checksum]
    assert template("api") == template("api", OTHER_IMAGE)


@pytest.mark.parametrize("name", ["api", "operator", "dev-postgres", "dev-s3"])
def test_program_when_the_secrets_of_dev_change_starts_again(name: str) -> None:
    old, new = (template(name, values)["metadata"]["annotations"] for values in (chart.EVERYTHING, OTHER_SEED))
    assert old["checksum/secrets"] != new["checksum/secrets"]


@pytest.mark.parametrize("name", ["api", "operator"])
def test_pods_when_placed_by_values_are_placed_so(name: str) -> None:
    found = template(name, chart.EVERYTHING)
    assert found["metadata"]["labels"]["team"] == "pictures"
    assert found["metadata"]["annotations"]["example.com/note"] == "yes"
    assert {key: found["spec"][key] for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName")} == {
        key: chart.PLACEMENT[key] for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName")
    }


def test_image_when_a_digest_is_given_is_that_one() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    values = {**chart.STORE, "api": {"image": {"repository": "registry.example.com/api", "tag": "9", "digest": digest}}}
    (container,) = template("api", values)["spec"]["containers"]
    assert container["image"] == f"registry.example.com/api@{digest}"


def test_labels_when_selected_by_are_on_the_pods() -> None:
    for each in chart.objects(chart.EVERYTHING):
        if each["kind"] == "Deployment":
            selector = each["spec"]["selector"]["matchLabels"]
            assert selector.items() <= each["spec"]["template"]["metadata"]["labels"].items()
            assert "app.kubernetes.io/version" not in selector  # it cannot be changed
