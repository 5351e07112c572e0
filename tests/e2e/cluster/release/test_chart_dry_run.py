"""The chart with everything switched on, as a real API server judges it without keeping it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from helm import CHART
from support import chart
from support.own_release import namespace_of_its_own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster

WARN = "pod-security.kubernetes.io/warn=restricted"
ROUTES = "httproutes.gateway.networking.k8s.io"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace where pods beneath the level restricted are warned of in Deployments, too."""
    with namespace_of_its_own(cluster) as name:
        cluster.kubectl("label", "namespace", name, WARN)
        yield name


@pytest.mark.parametrize("values", [chart.STORE, chart.EVERYTHING], ids=["least", "everything"])
def test_chart_when_sent_to_an_api_server_is_taken_without_a_warning(
    cluster: Cluster, namespace: str, values: dict[str, object]
) -> None:
    given = json.dumps({**values, "crd": {"enabled": False}})  # it is there, and belongs to others
    text = cluster.run(["helm", "template", "shop", str(CHART), "-n", namespace, "-f", "-"], given=given)
    served = ROUTES in cluster.kubectl("get", "crd", "-o", "name")
    rendered = [each for each in yaml.safe_load_all(text) if each]
    taken = [each for each in rendered if each["kind"] != "HTTPRoute" or served]

    answer = cluster.kubectl(
        "apply",
        "--dry-run=server",
        "--warnings-as-errors",
        "-n",
        namespace,
        "-f",
        "-",
        given=yaml.safe_dump_all(taken),
    )

    assert answer.count("created (server dry run)") == len(taken)


def test_processor_pod_when_sent_to_an_api_server_is_taken_without_a_warning(cluster: Cluster, namespace: str) -> None:
    template = chart.pod_template(chart.STORE)
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "ib-dry", "namespace": namespace},
        "spec": {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}},
    }
    answer = cluster.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "-f", "-", given=json.dumps(job))
    assert "created (server dry run)" in answer
