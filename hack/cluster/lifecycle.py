"""The cluster as a whole: up and down."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import layout as at
from cluster import settings
from cluster.certificates import make_certificates
from cluster.components import COMPONENTS, component, running
from cluster.debian import install_missing
from cluster.images import base_archive, bring, pause_archive
from cluster.leftovers import end_containers, remove_cgroups, remove_shared_files, remove_state, unmount
from cluster.machine import boot_id, claimed_by, prepare, recall, release, remember, restore, want_free
from cluster.programs import build_missing, gateway_definitions, install_wheels, link_programs, want_go
from cluster.running import Refused, run, say, step, succeeds, wait_until
from cluster.supervision import start_component, start_together, stop_component
from cluster.turns import turn

if TYPE_CHECKING:
    from cluster.layout import Layout

NODE_SECONDS = 90
DNS_SECONDS = 30
# Nothing of it is kept, and the API server waits longer while somebody watches it.
DOWN_GRACE_SECONDS = 2
STANDING = "standing"


def up(layout: Layout) -> None:
    """Have a cluster that works: new, or the one that is there, with what is missing of it started again."""
    _want_root()
    before = recall(layout)
    if before is not None and before.boot != boot_id():
        say("the machine was started anew since; the old cluster is thrown away")
        down(layout)
        before = None
    if before is not None and (layout.state / STANDING).exists():
        _mend(layout)
        return
    if before is not None:
        say("an earlier start was not finished; what is left of it is thrown away")
        down(layout)
    _make(layout)


def want_means() -> None:
    """Refuse to go on without what a cluster on this machine needs and nobody but its owner can give."""
    _want_root()
    want_go()


def _want_root() -> None:
    if os.geteuid() != 0:
        raise Refused("root is needed for containers and their network: run it with sudo, or use kind: CLUSTER=kind")


def _mend(layout: Layout) -> None:
    dead = [one for one in COMPONENTS if running(layout, one) is None]
    for one in dead:
        with step(f"starting {one.name} again"):
            start_component(layout, one)
    say(f"the cluster runs; KUBECONFIG={layout.kubeconfig}")


def _make(layout: Layout) -> None:
    began = time.monotonic()
    install_missing()
    want_free(layout)
    install_wheels(layout)
    build_missing(layout)
    definitions = gateway_definitions()
    with turn(layout, "images"):
        archives = [pause_archive(layout), base_archive(layout)]
    ready = time.monotonic()
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with step("making folders, certificates and the bridge"):
        remember(layout)
        _lay_out(layout)
        prepare(layout)
    _start(layout, archives)
    _furnish(layout, definitions)
    (layout.state / STANDING).touch()
    spent = time.monotonic()
    say(f"the cluster is up in {spent - ready:.0f} s, {spent - began:.0f} s with what had to be built")
    say(f"KUBECONFIG={layout.kubeconfig}; everything else: hack/cluster/ctl env")


def _lay_out(layout: Layout) -> None:
    for folder in (layout.configs / "cni", layout.logs, layout.processes):
        folder.mkdir(parents=True, exist_ok=True)
    link_programs(layout)
    make_certificates(layout)
    nameservers = "nameserver" in Path("/etc/resolv.conf").read_text("utf-8")
    files = {
        "containerd.toml": settings.containerd(layout),
        "kubelet.json": settings.kubelet(layout),
        "kube-proxy.json": settings.kube_proxy(layout),
        "Corefile": settings.corefile(layout, forward=nameservers),
        "cni/10-throwaway.conflist": settings.cni(layout),
    }
    for name, text in files.items():
        (layout.configs / name).write_text(text, "utf-8")


def _start(layout: Layout, archives: list[Path]) -> None:
    for name in ("etcd", "kube-apiserver"):
        with step(f"starting {name}"):
            start_component(layout, component(name))
    start_together(layout, [component(name) for name in ("kube-controller-manager", "kube-scheduler", "containerd")])
    with step("loading the images of the cluster"):
        for archive in archives:
            bring(layout, archive)
    with step("starting kubelet"):
        start_component(layout, component("kubelet"))


def kubectl(layout: Layout, *arguments: str | Path, words: str | None = None) -> str:
    """What kubectl says, as the administrator."""
    return run([layout.programs / "kubectl", "--kubeconfig", layout.kubeconfig, *arguments], words=words)


def _furnish(layout: Layout, definitions: Path) -> None:
    with step("creating DNS, ingress class and the Gateway API"):
        _apply(layout, at.OBJECTS / "dns.yaml", at.OBJECTS / "ingress.yaml", *sorted(definitions.glob("*.yaml")))
        kubectl(layout, "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        _apply(layout, at.OBJECTS / "gateway.yaml")
    with step("waiting for the node"):
        wait_until(lambda: succeeds(_kubectl_get_node(layout)), NODE_SECONDS, "the node is registered")
        start_together(layout, [component(name) for name in ("kube-proxy", "coredns", "traefik")])
        kubectl(layout, "wait", "--for=condition=Ready", f"--timeout={NODE_SECONDS}s", "node", at.NODE)
        kubectl(layout, "wait", "--for=create", f"--timeout={NODE_SECONDS}s", "serviceaccount", "default")
    with step("asking the cluster's DNS"):
        wait_until(resolves, DNS_SECONDS, "the cluster's DNS answers")


def _kubectl_get_node(layout: Layout) -> list[str | Path]:
    return [layout.programs / "kubectl", "--kubeconfig", layout.kubeconfig, "get", "node", at.NODE]


def _apply(layout: Layout, *files: Path) -> None:
    listed = [part for file in files for part in ("-f", file)]
    kubectl(layout, "apply", "--server-side", *listed)


def dns_question(name: str) -> bytes:
    """A packet that asks for a name's IPv4 address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def resolves() -> bool:
    """Whether the DNS Service knows the API server: kube-proxy, CoreDNS and the API server work together."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
        asking.settimeout(1)
        asking.sendto(dns_question(f"kubernetes.default.svc.{at.DOMAIN}"), (at.DNS_SERVICE, 53))
        return asking.recv(512).endswith(socket.inet_aton(at.API_SERVICE))
    return False


def down(layout: Layout) -> None:
    """End the cluster and leave the machine as it was. What was built stays in the cache."""
    _want_root()
    claimed = claimed_by()
    if claimed not in (None, str(layout.state)):
        raise Refused(f"the cluster on this machine is in {claimed}, not in {layout.state}: nothing was ended")
    before = recall(layout)
    if before is None and claimed is None:
        say("there is no cluster")
        return
    with step("ending the components"):
        # Whoever would start containers again goes first.
        for one in reversed(COMPONENTS):
            if one.name != "containerd":
                stop_component(layout, one, DOWN_GRACE_SECONDS)
    with step("ending the containers"):
        end_containers(layout)
        stop_component(layout, component("containerd"), DOWN_GRACE_SECONDS)
        end_containers(layout)
    with turn(layout, "images"), step("putting the machine back"):
        unmount(layout)
        restore(before)
        remove_cgroups()
        remove_shared_files(layout, before)
        if layout.state.exists():
            remove_state(layout)
        release()
