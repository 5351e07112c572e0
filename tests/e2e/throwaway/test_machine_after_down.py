"""A throw-away cluster that came, ran pods and went leaves the machine as it was. Needs root, and no cluster up."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
CTL = ROOT / "hack" / "cluster" / "ctl"
UP_SECONDS = 1_800  # the first one builds Kubernetes
PROGRAMS = r"etcd|kube-\S+|kubelet|containerd\S*|runc|coredns|traefik|pause"
SYSCTLS = ("net.ipv4.ip_forward", "vm.overcommit_memory", "vm.panic_on_oom", "kernel.panic", "kernel.panic_on_oops")
FOLDERS = ("/var/lib", "/var/log", "/run", "/etc", "/opt", "/usr/libexec", "/var/lib/cni", "/run/containerd/s")
POD_WITH_VOLUMES = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "stays"},
    "spec": {
        "containers": [
            {
                "name": "sleep",
                "image": "localhost/pybase:1",
                "imagePullPolicy": "IfNotPresent",
                "command": ["sleep", "infinity"],
                "volumeMounts": [{"name": "memory", "mountPath": "/memory"}],
                "resources": {"limits": {"memory": "64Mi"}},
            }
        ],
        "volumes": [{"name": "memory", "emptyDir": {"medium": "Memory"}}],
    },
}

pytestmark = pytest.mark.timeout(UP_SECONDS + 300)


def told(*argv: object, env: Mapping[str, str] | None = None, given: str | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in argv],
        env=env,
        input=given,
        capture_output=True,
        text=True,
        timeout=UP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{argv}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def machine() -> dict[str, list[str]]:
    """What a cluster could leave behind, as lines."""
    commands = re.compile(rf"(\S*/)?({PROGRAMS})( |$)")
    running = told("ps", "-eo", "args", "--no-headers").splitlines()
    return {
        "processes": sorted(line for line in running if commands.match(line)),
        "mounts": sorted(line.split(" ", 3)[3] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "links": sorted(link["ifname"] for link in json.loads(told("ip", "-j", "link"))),
        "routes": told("ip", "route").splitlines(),
        "rules": told("nft", "list", "ruleset").splitlines(),
        "sysctls": told("sysctl", *SYSCTLS).splitlines(),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("*kubepods*")),
        "folders": sorted(str(path) for folder in FOLDERS for path in Path(folder).glob("*")),
    }


def machine_is(before: dict[str, list[str]]) -> Callable[[], bool]:
    """Whether it is as before; asserts, so that a difference is shown."""

    def check() -> bool:
        assert machine() == before
        return True

    return check


@dataclass(frozen=True)
class Cluster:
    environment: Mapping[str, str]

    def ctl(self, *arguments: str) -> str:
        return told(CTL, *arguments, env=self.environment)

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        return told(
            self.environment["IMAGEBATCH_CLUSTER_DIR"] + "/bin/kubectl",
            "--kubeconfig=" + self.environment["IMAGEBATCH_CLUSTER_DIR"] + "/kubeconfig",
            *arguments,
            given=given,
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """No cluster, but all that one needs: what is installed and built stays, and is no part of what is compared."""
    # Sockets have short paths only.
    folder = tmp_path_factory.getbasetemp().parent / "throwaway"
    cluster = Cluster({**os.environ, "IMAGEBATCH_CLUSTER_DIR": str(folder)})
    cluster.ctl("up")
    cluster.ctl("down")
    return cluster


@pytest.fixture
def cluster(built: Cluster) -> Iterator[Cluster]:
    yield built
    built.ctl("down")


def test_machine_when_a_cluster_with_pods_is_gone_is_as_it_was(cluster: Cluster) -> None:
    before = machine()
    cluster.ctl("up")
    cluster.kubectl("apply", "-f", "-", given=json.dumps(POD_WITH_VOLUMES))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/stays", "--timeout=60s")
    during = machine()
    changed = {name for name in before if before[name] != during[name]}
    assert changed >= {"processes", "mounts", "links", "routes", "rules", "sysctls", "cgroups", "folders"}
    cluster.ctl("down")
    assert eventually(machine_is(before), what="the machine as before")
    assert not Path(cluster.environment["IMAGEBATCH_CLUSTER_DIR"]).exists()


def test_pods_when_containerd_and_kubelet_were_killed_are_gone_too(cluster: Cluster) -> None:
    before = machine()
    cluster.ctl("up")
    cluster.kubectl("apply", "-f", "-", given=json.dumps(POD_WITH_VOLUMES))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/stays", "--timeout=60s")
    for component in ("kubelet", "containerd", "etcd"):
        cluster.ctl("stop", component, "--kill")
    cluster.ctl("down")
    assert eventually(machine_is(before), what="the machine as before")


def test_cluster_when_one_is_up_is_kept_and_mended_by_another_up(cluster: Cluster) -> None:
    cluster.ctl("up")
    cluster.kubectl("create", "namespace", "kept")
    cluster.ctl("stop", "kube-scheduler", "--kill")
    cluster.ctl("up")
    cluster.kubectl("get", "namespace", "kept")
    cluster.ctl("status")


def test_second_cluster_when_one_is_up_is_refused(cluster: Cluster) -> None:
    cluster.ctl("up")
    folder = cluster.environment["IMAGEBATCH_CLUSTER_DIR"]
    other = {**cluster.environment, "IMAGEBATCH_CLUSTER_DIR": f"{folder}2"}
    for command in ("up", "down"):
        done = subprocess.run([CTL, command], env=other, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert f"in {folder}" in done.stderr
    cluster.ctl("status")
