"""The processes that make a cluster: how each is started, and when it counts as ready. In the order of their start."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster import layout as at
from cluster.certificates import API_URL
from cluster.processes import Process, read_record
from cluster.running import Refused, succeeds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cluster.layout import Layout


@dataclass(frozen=True)
class Component:
    """One process of the cluster."""

    name: str
    arguments: Callable[[Layout], list[str]]
    is_ready: Callable[[Layout], bool]
    environment: Callable[[Layout], Mapping[str, str]] = field(default=lambda _: {})


def etcd(layout: Layout) -> list[str]:
    """Only the API server may talk to it. It never waits for the disk: after a power cut the cluster is thrown away."""
    pki = layout.pki
    peers = f"https://127.0.0.1:{at.ETCD_PEER_PORT}"
    return [
        "etcd",
        f"--name={at.NODE}",
        f"--data-dir={layout.state}/etcd",
        f"--listen-client-urls=https://127.0.0.1:{at.ETCD_PORT}",
        f"--advertise-client-urls=https://127.0.0.1:{at.ETCD_PORT}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster={at.NODE}={peers}",
        *(f"--{whose}cert-file={pki}/etcd.crt" for whose in ("", "peer-")),
        *(f"--{whose}key-file={pki}/etcd.key" for whose in ("", "peer-")),
        *(f"--{whose}trusted-ca-file={pki}/ca.crt" for whose in ("", "peer-")),
        *(f"--{whose}client-cert-auth" for whose in ("", "peer-")),
        "--unsafe-no-fsync",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """Listens on the bridge only."""
    pki = layout.pki
    return [
        f"{layout.programs}/kube-apiserver",
        f"--bind-address={at.NODE_ADDRESS}",
        f"--advertise-address={at.NODE_ADDRESS}",
        f"--secure-port={at.API_PORT}",
        f"--etcd-servers=https://127.0.0.1:{at.ETCD_PORT}",
        f"--etcd-cafile={pki}/ca.crt",
        f"--etcd-certfile={pki}/apiserver-to-etcd.crt",
        f"--etcd-keyfile={pki}/apiserver-to-etcd.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-to-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-to-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{at.DOMAIN}",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        f"--service-cluster-ip-range={at.SERVICE_CIDR}",
        # No API is aggregated; without these the controllers and the scheduler complain all the time.
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """Alone, so it elects no leader."""
    own = f"{layout.pki}/kube-controller-manager.kubeconfig"
    return [
        f"{layout.programs}/kube-controller-manager",
        f"--kubeconfig={own}",
        f"--authentication-kubeconfig={own}",
        f"--authorization-kubeconfig={own}",
        "--bind-address=127.0.0.1",
        f"--secure-port={at.CONTROLLERS_PORT}",
        f"--cert-dir={layout.state}/controllers",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--root-ca-file={layout.pki}/ca.crt",
        f"--service-account-private-key-file={layout.pki}/service-accounts.key",
        f"--cluster-signing-cert-file={layout.pki}/ca.crt",
        f"--cluster-signing-key-file={layout.pki}/ca.key",
        "--allocate-node-cidrs",
        f"--cluster-cidr={at.POD_CIDR}",
        f"--service-cluster-ip-range={at.SERVICE_CIDR}",
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """Alone, so it elects no leader."""
    own = f"{layout.pki}/kube-scheduler.kubeconfig"
    return [
        f"{layout.programs}/kube-scheduler",
        f"--kubeconfig={own}",
        f"--authentication-kubeconfig={own}",
        f"--authorization-kubeconfig={own}",
        "--bind-address=127.0.0.1",
        f"--secure-port={at.SCHEDULER_PORT}",
        f"--cert-dir={layout.state}/scheduler",
        "--leader-elect=false",
    ]


def containerd(layout: Layout) -> list[str]:
    """Debian's, with nothing of an installed one's: own folders, own socket."""
    return ["containerd", f"--config={layout.configs}/containerd.toml"]


def kubelet(layout: Layout) -> list[str]:
    """The one node."""
    return [
        f"{layout.programs}/kubelet",
        f"--config={layout.configs}/kubelet.json",
        f"--kubeconfig={layout.pki}/kubelet.kubeconfig",
        f"--root-dir={layout.state}/kubelet",
        f"--cert-dir={layout.state}/kubelet-certificates",
        f"--hostname-override={at.NODE}",
        f"--node-ip={at.NODE_ADDRESS}",
    ]


def kube_proxy(layout: Layout) -> list[str]:
    """Services, by nftables."""
    return [f"{layout.programs}/kube-proxy", f"--config={layout.configs}/kube-proxy.json"]


def coredns(layout: Layout) -> list[str]:
    """Names, from a process of the machine: no image of it is needed."""
    return [f"{layout.programs}/coredns", f"-conf={layout.configs}/Corefile"]


def traefik(layout: Layout) -> list[str]:
    """Ingress and Gateway, on the bridge: this machine and the pods reach it, and nobody else."""
    return [
        f"{layout.programs}/traefik",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
        "--log.nocolor=true",
        f"--entrypoints.web.address={at.NODE_ADDRESS}:{at.INGRESS_PORT}",
        f"--entrypoints.ping.address=127.0.0.1:{at.INGRESS_PING_PORT}",
        "--entrypoints.web.asdefault=true",
        "--ping.entrypoint=ping",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.ingressendpoint.ip={at.NODE_ADDRESS}",
        "--providers.kubernetesgateway=true",
        f"--providers.kubernetesgateway.statusaddress.ip={at.NODE_ADDRESS}",
    ]


def connects(port: int) -> Callable[[Layout], bool]:
    """Ready when somebody listens on the loopback."""

    def is_ready(_: Layout) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) == 0

    return is_ready


def answers(url: str) -> Callable[[Layout], bool]:
    """Ready when a health address says so. Who answers is known by the port, so the certificate is not looked at."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def is_ready(_: Layout) -> bool:
        try:
            with direct.open(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return is_ready


def serves_containers(layout: Layout) -> bool:
    """Whether containerd answers on its socket."""
    return layout.containerd_socket.exists() and succeeds(["ctr", "-a", layout.containerd_socket, "version"])


COMPONENTS = (
    Component("etcd", etcd, connects(at.ETCD_PORT)),
    Component("kube-apiserver", kube_apiserver, answers(f"{API_URL}/readyz")),
    Component(
        "kube-controller-manager",
        kube_controller_manager,
        answers(f"https://127.0.0.1:{at.CONTROLLERS_PORT}/healthz"),
    ),
    Component("kube-scheduler", kube_scheduler, answers(f"https://127.0.0.1:{at.SCHEDULER_PORT}/healthz")),
    Component("containerd", containerd, serves_containers),
    Component("kubelet", kubelet, answers(f"http://127.0.0.1:{at.KUBELET_HEALTH_PORT}/healthz")),
    Component("kube-proxy", kube_proxy, answers(f"http://127.0.0.1:{at.PROXY_HEALTH_PORT}/healthz")),
    Component("coredns", coredns, answers(f"http://127.0.0.1:{at.DNS_READY_PORT}/ready")),
    Component(
        "traefik",
        traefik,
        answers(f"http://127.0.0.1:{at.INGRESS_PING_PORT}/ping"),
        lambda layout: {"KUBECONFIG": f"{layout.pki}/traefik.kubeconfig"},
    ),
)


def component(name: str) -> Component:
    """The component of that name."""
    found = [each for each in COMPONENTS if each.name == name]
    if not found:
        raise Refused(f"no component {name}; there are {', '.join(each.name for each in COMPONENTS)}")
    return found[0]


def running(layout: Layout, one: Component) -> Process | None:
    """The component's process, if it runs."""
    return read_record(layout.processes / f"{one.name}.json")


def log_of(layout: Layout, one: Component) -> str:
    """The path of a component's log."""
    return str(layout.logs / f"{one.name}.log")
