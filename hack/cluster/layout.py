"""Where a throw-away cluster keeps what, and which names, addresses and ports it uses. Every other module asks here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.running import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = "imagebatch-throwaway"
NODE = "throwaway"
BRIDGE = "ibcluster0"
CNI_NETWORK = "imagebatch-throwaway"
CGROUP = "imagebatch-throwaway"
NFT_TABLE = "imagebatch-throwaway"

POD_CIDR = "10.244.0.0/16"
NODE_CIDR = "10.244.0.0/24"
# The bridge's address is the node's: it is the same on every machine, and only this machine reaches it.
NODE_ADDRESS = "10.244.0.1"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
DOMAIN = "cluster.local"

# None of them is a usual one: a service that runs on this machine anyway, a real Kubernetes too, keeps its own.
API_PORT = 16443
ETCD_PORT = 12379
ETCD_PEER_PORT = 12380
CONTROLLERS_PORT = 20257
SCHEDULER_PORT = 20259
KUBELET_PORT = 20250
KUBELET_HEALTH_PORT = 20248
PROXY_HEALTH_PORT = 20256
PROXY_METRICS_PORT = 20249
DNS_PORT = 1053
DNS_READY_PORT = 18181
INGRESS_PORT = 8088
INGRESS_PING_PORT = 18082

BASE_IMAGE = "localhost/pybase:1"
PAUSE_IMAGE = "localhost/pause:1"

# A socket's path has 108 bytes at most, and the longest of ours has some 40 after this folder.
LONGEST_FOLDER = 64

RUN = Path("/run/imagebatch-cluster")
BUILDS = Path("/run/imagebatch-builds")
CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = Path(__file__).resolve().parent / "tools"
OBJECTS = Path(__file__).resolve().parent / "objects"


@dataclass(frozen=True)
class Layout:
    """The folders of one cluster: `state` goes with it, `cache` stays for the next one."""

    state: Path
    cache: Path

    @property
    def pki(self) -> Path:
        """Keys, certificates, and the kubeconfigs of the components."""
        return self.state / "pki"

    @property
    def configs(self) -> Path:
        """The components' configuration files."""
        return self.state / "configs"

    @property
    def logs(self) -> Path:
        """One log for each component."""
        return self.state / "logs"

    @property
    def processes(self) -> Path:
        """One record for each process that was started."""
        return self.state / "processes"

    @property
    def programs(self) -> Path:
        """Links to every program of the cluster: what belongs on a PATH."""
        return self.state / "bin"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.state / "containerd.sock"

    @property
    def machine(self) -> Path:
        """How the machine was before the cluster came."""
        return self.state / "machine.json"

    @property
    def images(self) -> Path:
        """Archives of images that every cluster needs."""
        return self.cache / "images"


def layout_from(environ: Mapping[str, str], home: Path) -> Layout:
    """The layout that the environment asks for."""
    state_home = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    cache_home = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    asked = environ.get("IMAGEBATCH_CLUSTER_DIR")
    state = Path(asked) if asked else state_home / "imagebatch" / "cluster"
    # Mounts are found by the folder's real path.
    layout = Layout(Path(os.path.realpath(state)), cache_home / "imagebatch" / "cluster")
    if len(str(layout.state)) > LONGEST_FOLDER:
        raise Refused(f"{layout.state} is too long for the sockets in it: {LONGEST_FOLDER} characters at most")
    return layout
