"""What containers leave on a machine when their daemon ends first: found by the cluster's own folder and names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.layout import CGROUP, CNI_NETWORK
from cluster.machine import cgroup_roots
from cluster.processes import PROC, Process, end, process_of
from cluster.running import Refused, run, succeeds, wait_until

if TYPE_CHECKING:
    from cluster.layout import Layout
    from cluster.machine import Before

GONE_SECONDS = 20
ESCAPED = re.compile(r"\\([0-7]{3})")


def end_containers(layout: Layout) -> None:
    """Kill every container, then the shims that held them."""

    def none_left() -> bool:
        found = [*_contained(), *_shims(layout)]
        for process in found:
            end(process, 0)
        return not found

    wait_until(none_left, GONE_SECONDS, "the containers end")


def _contained() -> list[Process]:
    pids = {
        int(pid)
        for root in cgroup_roots()
        for members in (root / CGROUP).rglob("cgroup.procs")
        for pid in members.read_text().split()
    }
    return [process for pid in sorted(pids) if (process := process_of(pid)) is not None]


def _shims(layout: Layout) -> list[Process]:
    numbers = [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
    found = [process_of(pid) for pid in numbers if is_shim(_command_of(pid), str(layout.containerd_socket))]
    return [process for process in found if process is not None]


def _command_of(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_shim(command: list[str], socket: str) -> bool:
    """Whether this is a shim of the containerd that listens there."""
    return bool(command) and Path(command[0]).name.startswith("containerd-shim") and socket in command


def mounts_below(folder: str, mountinfo: str) -> list[str]:
    """What is mounted at a folder or below it, the innermost first."""
    points = [ESCAPED.sub(lambda found: chr(int(found[1], 8)), line.split()[4]) for line in mountinfo.splitlines()]
    inside = [point for point in points if point == folder or point.startswith(f"{folder}/")]
    return sorted(inside, key=lambda point: point.count("/"), reverse=True)


def _mounted(layout: Layout) -> list[str]:
    return mounts_below(str(layout.state), (PROC / "self" / "mountinfo").read_text())


def unmount(layout: Layout) -> None:
    """Unmount all that is mounted below the state folder."""

    def none_left() -> bool:
        for point in _mounted(layout):
            succeeds(["umount", point])
        return not _mounted(layout)

    wait_until(none_left, GONE_SECONDS, f"everything below {layout.state} is unmounted")


def remove_state(layout: Layout) -> None:
    """Delete the state folder; never while something is mounted in it, which would be deleted too."""
    if _mounted(layout):
        raise Refused(f"something is still mounted below {layout.state}: {', '.join(_mounted(layout))}")
    shutil.rmtree(layout.state, ignore_errors=False)


def remove_cgroups() -> None:
    """Delete the cluster's cgroups, the innermost first."""

    def none_left() -> bool:
        tops = [root / CGROUP for root in cgroup_roots() if (root / CGROUP).exists()]
        for top in tops:
            inner = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
            for group in (*inner, top):
                succeeds(["rmdir", group])
        return not [top for top in tops if top.exists()]

    wait_until(none_left, GONE_SECONDS, "the cgroups are removed")


def remove_shared_files(layout: Layout, before: Before | None) -> None:
    """Delete what lies in folders that other programs use too, and such folders when the cluster brought them."""
    for result in Path("/var/lib/cni/results").glob(f"{CNI_NETWORK}-*"):
        result.unlink()
    for address in layout.state.glob("containerd/state/io.containerd.runtime.v2.task/*/*/address"):
        Path(address.read_text("utf-8").removeprefix("unix://")).unlink(missing_ok=True)
    for link in Path("/var/log/containers").glob("*"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{layout.state}/"):
            link.unlink()
    for folder in before.folders if before else []:
        if Path(folder).is_dir() and not any(Path(folder).iterdir()):
            run(["rmdir", folder])
