"""Every pod of the chart, whatever is switched on, keeps to the Pod Security level `restricted`, and to more."""

from __future__ import annotations

import pytest
from support import chart

PODS = chart.pods(chart.EVERYTHING)
CONTAINERS = dict(chart.containers(chart.EVERYTHING))
# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
WITH_TOKEN = {"imagebatch-api", "imagebatch-operator", "imagebatch-uninstall"}


def test_pods_when_everything_is_on_are_these() -> None:
    dev = {"imagebatch-dev-postgres", "imagebatch-dev-s3"}
    assert set(PODS) == {*WITH_TOKEN, "imagebatch-test", "processor", *dev}


@pytest.mark.parametrize("pod", PODS)
def test_pod_when_restricted_is_enforced_is_admitted(pod: str) -> None:
    spec = PODS[pod]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all(set(volume) - {"name"} <= VOLUMES for volume in spec.get("volumes", ()))


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_when_restricted_is_enforced_is_admitted(container: str) -> None:
    assert CONTAINERS[container]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_when_the_node_is_full_has_its_share(container: str) -> None:
    resources = CONTAINERS[container]["resources"]
    assert {"cpu", "memory"} <= set(resources["requests"])
    assert "memory" in resources["limits"]


@pytest.mark.parametrize("pod", PODS)
def test_pod_when_it_has_no_business_with_the_api_server_carries_no_token(pod: str) -> None:
    assert PODS[pod]["automountServiceAccountToken"] is (pod in WITH_TOKEN)


@pytest.mark.parametrize("pod", PODS)
def test_pod_when_services_are_there_is_not_told_of_them_in_variables(pod: str) -> None:
    # A Service named imagebatch would set IMAGEBATCH_PORT, and one named s3 ends SeaweedFS.
    assert PODS[pod]["enableServiceLinks"] is False


@pytest.mark.parametrize("pod", PODS)
def test_pod_when_it_writes_to_a_folder_fills_no_node(pod: str) -> None:
    folders = [volume["emptyDir"] for volume in PODS[pod].get("volumes", ()) if "emptyDir" in volume]
    assert all(folder["sizeLimit"] for folder in folders)
