"""Who may reach whom, as the policies say; whether they are kept is the network plugin's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support import chart

from imagebatch_operator.job_manifest import LABELS


def policy(name: str, values: Mapping[str, Any] = chart.STORE) -> chart.Object:
    spec: chart.Object = chart.named("NetworkPolicy", f"-{name}", values)["spec"]
    return spec


def internet(name: str, values: Mapping[str, Any] = chart.STORE) -> list[chart.Object]:
    """The blocks of addresses that stand for the internet."""
    peers = [peer for rule in policy(name, values)["egress"] for peer in rule.get("to", ())]
    return [peer["ipBlock"] for peer in peers if "except" in peer.get("ipBlock", {})]


def ports(name: str, values: Mapping[str, Any] = chart.STORE) -> set[int]:
    """The ports that lead anywhere or to a named place."""
    return {port["port"] for rule in policy(name, values)["egress"] for port in rule.get("ports", ())}


def test_processors_when_the_operator_makes_them_are_selected() -> None:
    assert policy("processor")["podSelector"]["matchLabels"].items() <= LABELS.items()


def test_processors_when_others_want_something_of_them_are_not_reached() -> None:
    spec = policy("processor", chart.EVERYTHING)
    assert "Ingress" in spec["policyTypes"]
    assert "ingress" not in spec


def test_processors_when_they_fetch_reach_names_store_and_internet_alone() -> None:
    assert ports("processor") == {53, 443}
    v4, v6 = internet("processor")
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(v4["except"])
    assert {"fc00::/7", "fe80::/10"} <= set(v6["except"])


def test_cluster_ranges_when_given_are_no_internet() -> None:
    for name in ("processor", "operator"):
        v4, v6 = internet(name, chart.EVERYTHING)
        assert "198.51.100.0/24" in v4["except"]
        assert "2001:db8::/32" in v6["except"]


def test_api_when_it_does_its_work_reaches_no_internet() -> None:
    assert internet("api") == []
    assert ports("api") == {53, 443, 5432, 6443}


@pytest.mark.parametrize("name", ["api", "operator"])
def test_api_server_when_it_listens_elsewhere_is_reached_there(name: str) -> None:
    values = {**chart.STORE, "networkPolicy": {"apiServerPorts": [16443], "apiServerTo": chart.PEERS}}
    (rule,) = [rule for rule in policy(name, values)["egress"] if rule.get("to") == chart.PEERS]
    assert rule["ports"] == [{"port": 16443, "protocol": "TCP"}]


@pytest.mark.parametrize(("name", "port"), [("api", 8000), ("operator", 9090)])
def test_program_when_no_one_is_named_is_reached_by_all_on_its_one_port(name: str, port: int) -> None:
    assert policy(name)["ingress"] == [{"ports": [{"port": port, "protocol": "TCP"}]}]
    assert policy(name, chart.EVERYTHING)["ingress"][0]["from"] == chart.PEERS


def test_store_when_its_address_has_a_port_is_reached_there() -> None:
    values = {"store": {"endpoint": "http://minio.storage:9000"}, "networkPolicy": {"storeTo": chart.PEERS}}
    (rule,) = [rule for rule in policy("processor", values)["egress"] if rule.get("to") == chart.PEERS]
    assert rule["ports"] == [{"port": 9000, "protocol": "TCP"}]


def test_postgres_of_dev_when_processors_knock_is_closed_to_them() -> None:
    (rule,) = policy("dev-postgres", chart.EVERYTHING)["ingress"]
    parts = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in rule["from"]]
    assert parts == ["api", "operator"]
    (rule,) = policy("dev-s3", chart.EVERYTHING)["ingress"]
    assert len(rule["from"]) == 3
