"""The components of the throw-away cluster are told the same addresses, and keep to the cluster's folder."""

from __future__ import annotations

import argparse
import ipaddress
import json
from pathlib import Path

import pytest
from cluster import layout as at
from cluster import settings
from cluster.certificates import SERVERS, extensions
from cluster.commands import parser
from cluster.components import COMPONENTS
from cluster.images import pip_configuration, qualified
from cluster.layout import Layout, layout_from
from cluster.lifecycle import dns_question
from cluster.machine import PORTS
from cluster.running import Refused

LAYOUT = Layout(Path("/s"), Path("/c"))


def test_folders_when_nothing_is_said_are_below_the_home_folder() -> None:
    layout = layout_from({}, Path("/u"))
    assert layout == Layout(Path("/u/.local/state/imagebatch/cluster"), Path("/u/.cache/imagebatch/cluster"))


def test_folders_when_they_are_named_are_those() -> None:
    said = {"XDG_CACHE_HOME": "/x/cache", "XDG_STATE_HOME": "/x/state", "IMAGEBATCH_CLUSTER_DIR": "/d"}
    assert layout_from(said, Path("/u")) == Layout(Path("/d"), Path("/x/cache/imagebatch/cluster"))


def test_folder_when_it_is_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(Refused, match="too long"):
        layout_from({"IMAGEBATCH_CLUSTER_DIR": "/" + "d" * 70}, Path("/u"))


def test_addresses_when_they_are_of_one_network_are_inside_it() -> None:
    inside = {at.NODE_ADDRESS: at.NODE_CIDR, at.API_SERVICE: at.SERVICE_CIDR, at.DNS_SERVICE: at.SERVICE_CIDR}
    for address, network in inside.items():
        assert ipaddress.ip_address(address) in ipaddress.ip_network(network)
    assert ipaddress.ip_network(at.NODE_CIDR).subnet_of(ipaddress.IPv4Network(at.POD_CIDR))


def test_ports_when_they_are_compared_differ() -> None:
    assert len(set(PORTS)) == len(PORTS)


def test_dns_objects_when_they_are_read_name_the_addresses_of_the_layout() -> None:
    written = (at.OBJECTS / "dns.yaml").read_text("utf-8")
    assert f"clusterIP: {at.DNS_SERVICE}\n" in written
    assert f"addresses: [{at.NODE_ADDRESS}]" in written
    assert written.count(f"port: {at.DNS_PORT}") == 2


def test_kubelet_when_it_is_configured_keeps_to_the_folder() -> None:
    written = json.loads(settings.kubelet(LAYOUT))
    assert written["clusterDNS"] == [at.DNS_SERVICE]
    for key in ("tlsCertFile", "tlsPrivateKeyFile", "podLogsDir", "volumePluginDir"):
        assert written[key].startswith("/s/")
    assert written["containerRuntimeEndpoint"] == "unix:///s/containerd.sock"


@pytest.mark.parametrize("forward", [True, False])
def test_corefile_when_the_machine_knows_names_forwards_to_them(forward: bool) -> None:
    assert ("forward ." in settings.corefile(LAYOUT, forward=forward)) is forward


def test_component_when_it_is_started_is_told_nothing_of_other_folders() -> None:
    for one in COMPONENTS:
        paths = [part.partition("=")[2] for part in one.arguments(LAYOUT) if "=/" in part]
        assert all(path.startswith("/s/") for path in paths), one.name


def test_certificate_when_it_serves_names_its_addresses() -> None:
    for certificate in SERVERS:
        assert "serverAuth" in extensions(certificate)
    assert f"IP:{at.API_SERVICE}" in extensions(SERVERS[0])


def test_pip_when_the_environment_says_otherwise_than_the_file_follows_it() -> None:
    told = "\n".join(
        [
            "global.index-url='https://files.example/simple'",
            "global.cert='/etc/ssl/certs/own.crt'",
            "global.find-links='/wheels'",
            ":env:.index-url='https://other.example/simple'",
            "install.trusted-host='\\nfiles.example\\nother.example'",
        ]
    )
    assert pip_configuration(told).splitlines() == [
        "[global]",
        "cert = /etc/ssl/certs/own.crt",
        "index-url = https://other.example/simple",
        "trusted-host = files.example",
        "  other.example",
    ]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("api", "localhost/api:latest"),
        ("api:dev", "localhost/api:dev"),
        ("team/api:dev", "localhost/team/api:dev"),
        ("localhost/api:1", "localhost/api:1"),
        ("images.example/api", "images.example/api:latest"),
        ("images.example:5000/api", "images.example:5000/api:latest"),
    ],
)
def test_image_when_it_is_named_shortly_is_called_as_containerd_does(name: str, full: str) -> None:
    assert qualified(name) == full


def test_question_when_it_is_asked_has_the_name_in_labels() -> None:
    assert b"\x0akubernetes\x07default\x03svc\x00\x00\x01\x00\x01" in dns_question("kubernetes.default.svc")


def test_command_line_when_an_image_is_loaded_takes_several_arguments() -> None:
    given = parser().parse_args(["load-image", "a:1", "Dockerfile.a", "--build-arg", "X=1", "--build-arg", "Y=2"])
    assert given == argparse.Namespace(
        command="load-image", name="a:1", dockerfile=Path("Dockerfile.a"), build_arg=["X=1", "Y=2"]
    )
