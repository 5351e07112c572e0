"""A release for one test alone, which may do with it whatever it likes, up to taking its namespace away."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from support.cluster import RESTRICTED, Cluster
from support.installation import Installation
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.service import Service

ANSWER_SECONDS = 60.0
GONE_SECONDS = 90.0  # within them a namespace goes, or something hangs


@contextmanager
def release_of_its_own(
    cluster: Cluster, tag: str, *, data_apart: bool = False, **values: Any
) -> Iterator[Installation]:
    """Install the chart into a namespace of its own; both go afterwards, if they are still there.

    With `data_apart` Postgres and S3 stand beside the release and stay when it is uninstalled.
    """
    with namespace_of_its_own(cluster) as name:
        installation = Installation(cluster, name, tag)
        ingress = {"enabled": True, "className": cluster.environment["INGRESS_CLASS"], "host": installation.host}
        installation.values = {"ingress": ingress, **values}
        if data_apart:
            installation.keep_data_apart()
        installation.install()
        for address in ("", cluster.environment["INGRESS_URL"]):
            with installation.service(address) as client:
                eventually(lambda client=client: _answers(client), ANSWER_SECONDS, "an answer of the API")
        yield installation


def _answers(client: Service) -> bool:
    try:
        return client.http.get("/livez").is_success
    except httpx.TransportError:  # the node does not know the way to a new Service at once
        return False


@contextmanager
def namespace_of_its_own(cluster: Cluster) -> Iterator[str]:
    """A namespace at the level restricted that may be gone by the end."""
    name = f"test-{uuid4().hex[:10]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, *(f"{label}={level}" for label, level in RESTRICTED.items()))
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def delete_namespace(cluster: Cluster, name: str) -> None:
    """Delete a namespace, with all that is in it, and see that it goes."""
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    see_namespace_go(cluster, name)


def see_namespace_go(cluster: Cluster, name: str) -> None:
    """See that a namespace goes which is being deleted; if it hangs, say on what."""
    found = ("get", "namespace", name, "--ignore-not-found", "-o", "jsonpath={.status}")
    try:
        eventually(lambda: not cluster.kubectl(*found), GONE_SECONDS, f"the end of {name}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{cluster.kubectl(*found)}") from error
