"""Database, store and API server of a release that do not answer for some time, looked at meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.by_hand import is_outside_again
from support.cluster import CTL, Refused
from support.cluster_history import ClusterHistory, one_job_was_there, status_never_went_back
from support.installation import NAME
from support.invariants import Site, check_all
from support.pod_processes import held, pod_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accepted import Accepted
    from support.cluster import Cluster
    from support.installation import Installation
    from support.service import Service

HEALED_SECONDS = 120.0
COMPONENT_SECONDS = 120
FINISH_SECONDS = 300.0


@contextmanager
def silent(installation: Installation, part: str) -> Iterator[None]:
    """Connections stay, new ones are taken, and nobody answers."""
    with held(pod_of(installation, part)):
        yield
    _is_ready(installation, part)


@contextmanager
def gone(installation: Installation, part: str) -> Iterator[None]:
    """New connections are refused; whoever has one gets no answer."""
    with silent(installation, part):
        _route(installation, part, "nowhere")
        try:
            yield
        finally:
            _route(installation, part, part)


@contextmanager
def no_api_server(cluster: Cluster) -> Iterator[None]:
    """The API server is ended and started again; what runs on the node goes on."""
    _component("stop")
    try:
        yield
    finally:
        _component("start")
        eventually(lambda: _answers(cluster), HEALED_SECONDS, "the API server")


def let_pass(seconds: float, batch: Accepted, service: Service) -> None:
    """Let time pass, looking at a batch that cannot end meanwhile."""
    until = time.monotonic() + seconds

    def is_over() -> bool:
        assert not batch.look(service), batch.last
        return time.monotonic() > until

    eventually(is_over, seconds + HEALED_SECONDS)


def ends_as_if_nothing_had_been(
    installation: Installation, site: Site, history: ClusterHistory, batch: Accepted
) -> None:
    """Follow a batch to its end: it succeeded, with one Job, one try of each shard and one webhook."""
    with installation.service() as inside:  # the ingress may forget the Service for a moment, and answer 404
        batch.follow(lambda: inside, FINISH_SECONDS)
    assert batch.last["reason"] == "AllSucceeded"
    is_outside_again(installation)
    check_all(site, [batch])
    assert len(site.receiver.deliveries) == 1
    one_job_was_there(history, batch.request_id)
    status_never_went_back(history, batch.request_id)
    pods = history.last_of_each_pod(batch.request_id)
    assert len(pods) == history.jobs(batch.request_id)[0]["spec"]["completions"], "a retry was spent"


def _route(installation: Installation, part: str, component: str) -> None:
    """Have a Service lead to the pods of a component."""
    change = {"spec": {"selector": {"app.kubernetes.io/component": component}}}
    installation.kubectl("patch", "service", f"{NAME}-{part}", "--type=merge", "-p", json.dumps(change))
    endpoints = f"kubernetes.io/service-name={NAME}-{part}"
    eventually(lambda: _has_endpoints(installation, endpoints) == (component == part), HEALED_SECONDS, "the endpoints")


def _has_endpoints(installation: Installation, selector: str) -> bool:
    return any(each["endpoints"] for each in installation.objects("endpointslices", selector))


def _is_ready(installation: Installation, part: str) -> None:
    installation.kubectl(
        "rollout",
        "status",
        f"deployment/{NAME}-{part}",
        f"--timeout={HEALED_SECONDS:.0f}s",
        seconds=HEALED_SECONDS + 10,
    )


def _answers(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("get", "--raw", "/readyz") == "ok"
    except Refused:
        return False


def _component(does: str) -> None:
    argv = [str(CTL), does, "kube-apiserver"]
    subprocess.run(argv, check=True, timeout=COMPONENT_SECONDS, stdin=subprocess.DEVNULL)
