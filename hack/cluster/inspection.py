"""Looking at a cluster: its status, its logs, and what other programs need to know to use it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import layout as at
from cluster.components import COMPONENTS, component, log_of, running
from cluster.lifecycle import resolves
from cluster.machine import recall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cluster.layout import Layout

COMPONENT_LINES = "40"
POD_LINES = "50"


def environment(layout: Layout, path: str) -> dict[str, str]:
    """What a program needs to use the cluster."""
    return {
        "KUBECONFIG": str(layout.kubeconfig),
        "KUBE_CONTEXT": at.CONTEXT,
        "PATH": f"{layout.programs}:{path}",
        "INGRESS_URL": f"http://{at.NODE_ADDRESS}:{at.INGRESS_PORT}",
        "INGRESS_CLASS": "traefik",
        "GATEWAY_CLASS": "traefik",
        "NODE_ADDRESS": at.NODE_ADDRESS,
        "BASE_IMAGE": at.BASE_IMAGE,
        "CLUSTER_DIR": str(layout.state),
        "CLUSTER_LOGS": str(layout.logs),
    }


def print_environment(values: Mapping[str, str]) -> None:
    """Print KEY=VALUE lines that a shell can read."""
    for name, value in values.items():
        print(f"{name}={shlex.quote(value)}")


def status(layout: Layout) -> int:
    """Print every component and the node; 0 if all is well."""
    if recall(layout) is None:
        print("there is no cluster; start one: make cluster-up")
        return 1
    well = True
    for one in COMPONENTS:
        process = running(layout, one)
        is_ready = process is not None and one.is_ready(layout)
        well = well and is_ready
        state = "ready" if is_ready else "not ready" if process else "not running"
        print(f"{one.name:<24} {state:<12} {process.pid if process else ''}".rstrip())
    answers = resolves()
    print(f"{'DNS of the cluster':<24} {'answers' if answers else 'does not answer'}", flush=True)
    shown = _kubectl(layout, "get", "nodes,pods", "--all-namespaces", "--output=wide", "--request-timeout=5s")
    return 0 if well and answers and shown == 0 else 1


def follow(layout: Layout, name: str) -> int:
    """Print the end of one component's log and go on as it grows."""
    return subprocess.run(
        ["tail", "-n", COMPONENT_LINES, "-F", log_of(layout, component(name))], check=False
    ).returncode


def logs(layout: Layout) -> int:
    """Print the end of everybody's log, the events, and what the pods say."""
    for one in COMPONENTS:
        if Path(log_of(layout, one)).exists():
            _title(one.name)
            subprocess.run(["tail", "-n", COMPONENT_LINES, log_of(layout, one)], check=False)
    if running(layout, component("kube-apiserver")) is None:
        return 0
    _title("events")
    _kubectl(layout, "get", "events", "--all-namespaces", "--sort-by=.lastTimestamp")
    for namespace, pod in _pods(layout):
        _title(f"pod {namespace}/{pod}")
        _kubectl(layout, "logs", "--namespace", namespace, pod, "--all-containers", "--prefix", f"--tail={POD_LINES}")
    return 0


def _pods(layout: Layout) -> Iterator[tuple[str, str]]:
    columns = "--output=jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{'\\n'}{end}"
    told = subprocess.run(
        [*_kubectl_argv(layout), "get", "pods", "--all-namespaces", columns],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in told.stdout.splitlines():
        namespace, _, pod = line.partition(" ")
        yield namespace, pod


def _kubectl_argv(layout: Layout) -> list[str]:
    return [f"{layout.programs}/kubectl", f"--kubeconfig={layout.kubeconfig}"]


def _kubectl(layout: Layout, *arguments: str) -> int:
    return subprocess.run([*_kubectl_argv(layout), *arguments], env=dict(os.environ), check=False).returncode


def _title(text: str) -> None:
    print(f"\n=== {text} ===", flush=True)
