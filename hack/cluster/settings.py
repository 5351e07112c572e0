"""The configuration files of the components, as text. Pure: lifecycle.py writes what it gets from here.

JSON is YAML too, so those that read YAML are given JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cluster.layout import (
    BRIDGE,
    CGROUP,
    CNI_NETWORK,
    DNS_PORT,
    DNS_READY_PORT,
    DNS_SERVICE,
    DOMAIN,
    KUBELET_HEALTH_PORT,
    KUBELET_PORT,
    NFT_TABLE,
    NODE,
    NODE_ADDRESS,
    NODE_CIDR,
    PAUSE_IMAGE,
    POD_CIDR,
    PROXY_HEALTH_PORT,
    PROXY_METRICS_PORT,
)

if TYPE_CHECKING:
    from cluster.layout import Layout


def containerd(layout: Layout) -> str:
    """Everything of containerd below the state folder, network namespaces and runc's state too."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{layout.state}/containerd/root"
state = "{layout.state}/containerd/state"
# It would make a folder in /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "{layout.containerd_socket}"

[{cri}]
  sandbox_image = "{PAUSE_IMAGE}"
  netns_mounts_under_state_dir = true
  # runc dies where it may not lower the score, as in containers and some virtual machines.
  restrict_oom_score_adj = true

[{cri}.containerd]
  default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = "{layout.state}/containerd/runc"

[{cri}.cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{layout.configs}/cni"
"""


def cni(layout: Layout) -> str:
    """One bridge, addresses from one range. A table of ours masquerades, so that no iptables rule is left behind."""
    ipam = {
        "type": "host-local",
        "dataDir": f"{layout.state}/cni",
        "ranges": [[{"subnet": NODE_CIDR, "gateway": NODE_ADDRESS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": ipam}
    return json.dumps({"cniVersion": "0.4.0", "name": CNI_NETWORK, "plugins": [bridge]}, indent=2)


def kubelet(layout: Layout) -> str:
    """A kubelet that never evicts, and keeps its files and its cgroups to itself."""
    pki = layout.pki
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE_ADDRESS,
            "port": KUBELET_PORT,
            "readOnlyPort": 0,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": KUBELET_HEALTH_PORT,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{pki}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{pki}/kubelet-server.crt",
            "tlsPrivateKeyFile": f"{pki}/kubelet-server.key",
            "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [DNS_SERVICE],
            "clusterDomain": DOMAIN,
            "podLogsDir": f"{layout.state}/pod-logs",
            "volumePluginDir": f"{layout.state}/volume-plugins",
            "makeIPTablesUtilChains": False,
            "evictionHard": dict.fromkeys(("memory.available", "nodefs.available", "imagefs.available"), "1%"),
            "imageGCHighThresholdPercent": 100,
        },
        indent=2,
    )


def kube_proxy(layout: Layout) -> str:
    """A kube-proxy that writes nftables and leaves the machine's connection tracking as it is."""
    kept = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": f"{layout.pki}/kube-proxy.kubeconfig"},
            "clusterCIDR": POD_CIDR,
            "hostnameOverride": NODE,
            "healthzBindAddress": f"127.0.0.1:{PROXY_HEALTH_PORT}",
            "metricsBindAddress": f"127.0.0.1:{PROXY_METRICS_PORT}",
            "conntrack": kept,
        },
        indent=2,
    )


def corefile(layout: Layout, *, forward: bool) -> str:
    """The cluster's own names, and the machine's for the rest, where it knows any."""
    rest = "forward . /etc/resolv.conf" if forward else ""
    return f""".:{DNS_PORT} {{
  bind {NODE_ADDRESS}
  errors
  ready 127.0.0.1:{DNS_READY_PORT}
  kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
    kubeconfig {layout.pki}/coredns.kubeconfig
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 5
  }}
  {rest}
  cache 5
}}
"""


def nft_rules() -> str:
    """Pods that speak to other machines do so with this machine's address."""
    return f"""table ip {NFT_TABLE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {NODE_CIDR} ip daddr != {{ {POD_CIDR}, 224.0.0.0/4 }} oifname != "{BRIDGE}" masquerade
  }}
}}
"""
