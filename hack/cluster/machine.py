"""What a cluster changes on the machine around it, the memory of how that was, and its way back."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import layout as at
from cluster.running import Refused, run, succeeds
from cluster.settings import nft_rules

if TYPE_CHECKING:
    from cluster.layout import Layout

# Set by the kubelet, the bridge plugin, or here.
SYSCTLS = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
CGROUPS = Path("/sys/fs/cgroup")
# Folders whose place cannot be told to the kubelet, containerd and the plugins.
SHARED_FOLDERS = ("/var/lib/cni/results", "/var/lib/cni", "/var/log/containers", "/run/containerd/s", "/run/containerd")
PORTS = (
    ("127.0.0.1", at.ETCD_PORT),
    ("127.0.0.1", at.ETCD_PEER_PORT),
    ("127.0.0.1", at.CONTROLLERS_PORT),
    ("127.0.0.1", at.SCHEDULER_PORT),
    ("127.0.0.1", at.KUBELET_HEALTH_PORT),
    ("127.0.0.1", at.PROXY_HEALTH_PORT),
    ("127.0.0.1", at.PROXY_METRICS_PORT),
    ("127.0.0.1", at.DNS_READY_PORT),
    ("127.0.0.1", at.INGRESS_PING_PORT),
)


@dataclass(frozen=True)
class Before:
    """How the machine was before the cluster came."""

    boot: str
    sysctls: dict[str, str] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def boot_id() -> str:
    """Another one after each start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def recall(layout: Layout) -> Before | None:
    """What was remembered, if a cluster was begun here."""
    try:
        return Before(**json.loads(layout.machine.read_text("utf-8")))
    except FileNotFoundError:
        return None


def want_free(layout: Layout) -> None:
    """Refuse where another cluster, or another program, has what this one would take."""
    other = claimed_by()
    if other not in (None, str(layout.state)):
        raise Refused(
            f"another throw-away cluster is on this machine, in {other}. "
            f"End it first: IMAGEBATCH_CLUSTER_DIR={other} hack/cluster/ctl down"
        )
    if layout.state.exists() and any(layout.state.iterdir()):
        raise Refused(f"{layout.state} holds files of somebody else; name an empty folder in IMAGEBATCH_CLUSTER_DIR")
    if succeeds(["nft", "list", "table", "ip", "kube-proxy"]):
        raise Refused(
            "another Kubernetes on this machine has the nftables table kube-proxy; to use it: CLUSTER=kubeconfig"
        )
    for host, port in PORTS:
        with socket.socket() as trial:
            if trial.connect_ex((host, port)) == 0:
                raise Refused(f"port {port} of {host} is taken by another program; the cluster needs it")


def claimed_by() -> str | None:
    """The state folder of the cluster that is on this machine, if there is one."""
    try:
        return (at.RUN / "state").read_text("utf-8")
    except FileNotFoundError:
        return None


def remember(layout: Layout) -> None:
    """Write down how the machine is: the first thing in the state folder, and what says that the folder is ours."""
    sysctls = {name: _sysctl(name).read_text().strip() for name in SYSCTLS if _sysctl(name).exists()}
    folders = [folder for folder in SHARED_FOLDERS if not Path(folder).exists()]
    modules = [] if BRIDGE_FILTER.exists() else ["br_netfilter"]
    layout.machine.write_text(json.dumps(asdict(Before(boot_id(), sysctls, modules, folders))), "utf-8")
    at.RUN.mkdir(exist_ok=True)
    (at.RUN / "state").write_text(str(layout.state), "utf-8")


def prepare(layout: Layout) -> None:
    """Make the machine what the cluster needs."""
    before = recall(layout)
    for module in before.modules if before else []:
        run(["modprobe", module])
    _sysctl("net/ipv4/ip_forward").write_text("1")
    _make_bridge()
    run(["nft", "-f", "-"], words=nft_rules())
    _make_cgroups()


def _make_bridge() -> None:
    run(["ip", "link", "add", at.BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{at.NODE_ADDRESS}/24", "dev", at.BRIDGE])
    run(["ip", "link", "set", at.BRIDGE, "up"])
    # Services are reached from this machine even where it has no way out.
    run(["ip", "route", "add", at.SERVICE_CIDR, "dev", at.BRIDGE])


def _make_cgroups() -> None:
    if (CGROUPS / "cgroup.controllers").exists():
        controllers = (CGROUPS / "cgroup.controllers").read_text().split()
        (CGROUPS / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
    for root in cgroup_roots():
        (root / at.CGROUP).mkdir(exist_ok=True)


def cgroup_roots() -> list[Path]:
    """The one hierarchy of version 2, or each controller's of version 1."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [path for path in CGROUPS.iterdir() if not path.is_symlink() and (path / "cgroup.procs").exists()]


def restore(before: Before | None) -> None:
    """Take back what `prepare`, the kubelet, kube-proxy and the plugins did."""
    _delete_links()
    tables = [("ip", at.NFT_TABLE), ("ip", "kube-proxy"), ("ip6", "kube-proxy")]
    for family, table in tables:
        if succeeds(["nft", "list", "table", family, table]):
            run(["nft", "delete", "table", family, table])
    if before is None or before.boot != boot_id():
        return
    for name, value in before.sysctls.items():
        if _sysctl(name).read_text().strip() != value:
            _sysctl(name).write_text(value)
    for module in before.modules:
        run(["modprobe", "-r", module])


def _delete_links() -> None:
    told = subprocess.run(
        ["ip", "-j", "link", "show", "master", at.BRIDGE], capture_output=True, text=True, check=False
    )
    for link in json.loads(told.stdout or "[]") if told.returncode == 0 else []:
        succeeds(["ip", "link", "delete", link["ifname"]])
    if Path("/sys/class/net", at.BRIDGE).exists():
        run(["ip", "link", "delete", at.BRIDGE])


def release() -> None:
    """Say that no cluster is on this machine any more."""
    shutil.rmtree(at.BUILDS, ignore_errors=True)
    shutil.rmtree(at.RUN, ignore_errors=True)


def _sysctl(name: str) -> Path:
    return Path("/proc/sys", name)
