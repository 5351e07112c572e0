"""What the pods of a release may do on their node, read back from the API server and from their processes."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.image_server import held_until
from support.installation import HELD_SECONDS, RELEASE
from support.pod_processes import processes_of
from support.process_tree import PROC
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer
    from support.installation import Installation

pytestmark = pytest.mark.timeout(1_200)

TOKEN = "var/run/secrets/kubernetes.io/serviceaccount/token"
WITH_TOKEN = {"api", "operator"}
REQUEST_ID = "imagebatch.io/request-id"
PARTS = WITH_TOKEN | {"processor", "dev-postgres", "dev-s3"}
STARTED_SECONDS = 180.0
NOBODY_SPECIAL = 65532
NO_CAPABILITIES = "0000000000000000"
CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}

Pod = dict[str, Any]


@pytest.fixture
def pods(installation: Installation, pictures_on_the_node: ImageServer) -> Iterator[dict[str, Pod]]:
    """A running pod of every part of the release, by part; the processor waits for its picture."""
    seen = Event()
    source = pictures_on_the_node
    url = source.add("/held.jpg", held_until(seen, pictures.jpeg(), HELD_SECONDS))
    with installation.service() as service:
        request_id = service.upload(csv_of([[url]]))
        try:
            eventually(lambda: source.counts["/held.jpg"], STARTED_SECONDS, "the processor at work")
            eventually(lambda: set(_running(installation, request_id)) == PARTS, STARTED_SECONDS, "all parts running")
            yield _running(installation, request_id)
        finally:
            seen.set()
        service.finish(request_id, STARTED_SECONDS)


def test_pods_when_running_are_confined_and_only_two_parts_carry_a_token(pods: dict[str, Pod]) -> None:
    for part, pod in pods.items():
        is_confined_by_its_spec(pod)
        processes = processes_of(pod)
        assert processes, f"no process of {part}"
        for pid in processes:
            is_confined(pid)
        tokens = {(PROC / str(pid) / "root" / TOKEN).exists() for pid in processes}
        assert tokens == {part in WITH_TOKEN}, f"{part} has a token: {tokens}"
        assert _mounts_a_token(pod) == (part in WITH_TOKEN)


def is_confined_by_its_spec(pod: Pod) -> None:
    """The API server has the pod at the level restricted, and with a root that nothing is written to."""
    spec = pod["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    security = spec["securityContext"]
    assert (security["runAsNonRoot"], security["runAsUser"]) == (True, NOBODY_SPECIAL)
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        assert container["securityContext"] == CONFINED, f"{pod['metadata']['name']}: {container['name']}"
    assert not [volume["name"] for volume in spec["volumes"] if "hostPath" in volume]


def is_confined(pid: int) -> None:
    """The kernel has the process as nobody special, without capabilities, filtered, under a root that is read-only."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(NOBODY_SPECIAL)}
    for kind in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert status[kind] == NO_CAPABILITIES, kind
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    [root] = [fields for fields in _mounts(pid) if fields[4] == "/"]
    assert "ro" in root[5].split(",")


def _mounts(pid: int) -> list[list[str]]:
    return [line.split() for line in (PROC / str(pid) / "mountinfo").read_text().splitlines()]


def _mounts_a_token(pod: Pod) -> bool:
    sources = [each for volume in pod["spec"]["volumes"] for each in volume.get("projected", {}).get("sources", ())]
    return any("serviceAccountToken" in each for each in sources)


def _running(installation: Installation, request_id: str) -> dict[str, Pod]:
    """Return a running pod of every part by part; of the processors that of a request."""
    found = installation.objects("pods", f"app.kubernetes.io/instance={RELEASE}")
    of_it = [pod for pod in found if pod["metadata"]["labels"].get(REQUEST_ID, request_id) == request_id]
    running = [pod for pod in of_it if pod["status"]["phase"] == "Running"]
    return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for pod in running}
