"""The processes of pods, which are processes of this machine: killed, held and let go from outside."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from support.process_tree import PROC
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.installation import Installation

PAUSE = "pause"  # holds a pod's namespaces; the pod lives as long as it does
BACK_SECONDS = 180.0  # the kubelet waits longer before each restart of the same container


def processes_of(pod: dict[str, Any]) -> list[int]:
    """Return the processes of a pod's containers."""
    mark = f"pod{pod['metadata']['uid']}/"
    found = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    return [pid for pid in found if mark in read(pid, "cgroup") and read(pid, "comm").strip() != PAUSE]


def kill_containers(pod: dict[str, Any]) -> None:
    """End every process of a pod's containers as the machine's out-of-memory killer would."""
    pids = processes_of(pod)
    assert pids, f"no process of {pod['metadata']['name']} is here"
    signal_all(pids, signal.SIGKILL)


def kill_operator(installation: Installation) -> None:
    """End the operator's process, without asking, and wait until the kubelet has started it again."""
    pod = pod_of(installation, "operator")
    kill_containers(pod)
    eventually(lambda: _is_back(pod, pod_of(installation, "operator")), BACK_SECONDS, "the operator's next start")


def pod_of(installation: Installation, part: str) -> dict[str, Any]:
    """Return the pod of a part of which there is one."""
    [pod] = installation.objects("pods", f"app.kubernetes.io/component={part}")
    return pod


def restarts(pod: dict[str, Any]) -> int:
    """Return how often a pod's container was started again."""
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


@contextmanager
def held(pod: dict[str, Any]) -> Iterator[None]:
    """Have a pod's processes do nothing (SIGSTOP) for a time: their connections stay, and nobody answers."""
    pids = processes_of(pod)
    assert pids, f"no process of {pod['metadata']['name']} is here"
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def _is_back(before: dict[str, Any], now: dict[str, Any]) -> bool:
    return restarts(now) > restarts(before) and bool(now["status"]["containerStatuses"][0]["ready"])


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes; those that have ended need none."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def read(pid: int, name: str) -> str:
    """Return a file of a process under /proc; "" when it is gone."""
    try:
        return (PROC / str(pid) / name).read_text()
    except OSError:
        return ""
