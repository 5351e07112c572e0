"""The chart, rendered as tests want it: objects by kind and name, the pods in them, and values for every switch on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import helm
import yaml

Object = dict[str, Any]

STORE: Mapping[str, Any] = {"store": {"endpoint": "https://s3.example.com"}}
DEV: Mapping[str, Any] = {
    "dev": {
        "seed": "0123456789abcdef",
        "postgres": {"enabled": True, "storageSize": "1Gi"},
        "s3": {"enabled": True, "storageSize": "10Gi"},
        "secrets": {"enabled": True},
    }
}
PLACEMENT: Mapping[str, Any] = {
    "annotations": {"example.com/note": "yes"},
    "labels": {"team": "pictures"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "priorityClassName": "low",
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
}
SPREAD = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]
PEERS = [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
EVERYTHING: Mapping[str, Any] = {
    **DEV,
    "imagePullSecrets": ["registry"],
    "outputUrlBase": "https://cdn.example.com",
    "clusterCidrs": ["198.51.100.0/24", "2001:db8::/32"],
    "settings": {"IMAGEBATCH_MAX_UPLOAD_BYTES": 20971520, "IMAGEBATCH_FETCH_DEADLINE_SECONDS": 2.5},
    "api": {**PLACEMENT, "replicas": 3, "topologySpreadConstraints": SPREAD},
    "operator": PLACEMENT,
    "processor": {**PLACEMENT, "topologySpreadConstraints": SPREAD, "runtimeClassName": "gvisor"},
    "service": {"annotations": {"example.com/balanced": "yes"}},
    "ingress": {
        "enabled": True,
        "className": "traefik",
        "host": "images.example.com",
        "tlsSecret": "images-tls",
        "annotations": {"example.com/body": "11m"},
    },
    "httpRoute": {
        "enabled": True,
        "parentRefs": [{"name": "gateway"}],
        "hostnames": ["images.example.com"],
        "annotations": {"example.com/route": "yes"},
    },
    "webhooks": {"url": "https://shop.example.com/hook"},
    "networkPolicy": {
        "apiFrom": PEERS,
        "metricsFrom": PEERS,
        "databaseTo": PEERS,
        "storeTo": PEERS,
        "apiServerTo": PEERS,
        "extraEgress": [{"to": PEERS, "ports": [{"port": 8080, "protocol": "TCP"}]}],
    },
    "test": {"podCidr": "10.244.0.0/16", "imageUrls": ["https://images.example.com/a.jpg"]},
}


class Refused(Exception):
    """What Helm said of values that the chart does not take."""


def objects(values: Mapping[str, Any] = STORE) -> list[Object]:
    """Every object of the chart. Raises Refused."""
    return [each for each in yaml.safe_load_all(text(values)) if each]


def text(values: Mapping[str, Any] = STORE) -> str:
    """The rendered chart. Raises Refused."""
    return _text(json.dumps(values))


@cache
def _text(values: str) -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "values.json"
        file.write_text(values)
        answer = helm.template("--values", str(file))
    if answer.returncode:
        raise Refused(answer.stderr)
    return answer.stdout


def hooks(values: Mapping[str, Any] = STORE) -> list[Object]:
    """Those that Helm makes at some event only."""
    return [each for each in objects(values) if "helm.sh/hook" in each["metadata"].get("annotations", {})]


def named(kind: str, name: str, values: Mapping[str, Any] = STORE) -> Object:
    """The one object of a kind whose name ends so."""
    (found,) = [
        each for each in objects(values) if each["kind"] == kind and each["metadata"]["name"] == f"imagebatch{name}"
    ]
    return found


def names_of(kind: str, values: Mapping[str, Any] = STORE) -> set[str]:
    """The names of all objects of a kind."""
    return {each["metadata"]["name"] for each in objects(values) if each["kind"] == kind}


def pod_template(values: Mapping[str, Any] = STORE) -> Object:
    """The processors' pod template, out of its ConfigMap."""
    found: Object = yaml.safe_load(named("ConfigMap", "-processor", values)["data"]["pod-template.yaml"])
    return found


def pods(values: Mapping[str, Any] = STORE) -> dict[str, Object]:
    """The spec of every pod that the release brings, by what it is."""
    found = {each["metadata"]["name"]: spec for each in objects(values) for spec in _pod_specs(each)}
    return {**found, "processor": pod_template(values)["spec"]}


def _pod_specs(each: Object) -> Iterator[Object]:
    if each["kind"] == "Pod":
        yield each["spec"]
    elif "template" in each.get("spec", {}):
        yield each["spec"]["template"]["spec"]


def containers(values: Mapping[str, Any] = STORE) -> Iterator[tuple[str, Object]]:
    """Every container, with `pod/container` as its name."""
    for pod, spec in pods(values).items():
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            yield f"{pod}/{container['name']}", container


def environment(container: Object) -> dict[str, str]:
    """The variables of a container that are written down."""
    return {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}
