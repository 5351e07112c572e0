"""ImageBatches that somebody writes into a release's namespace, while nobody serves the API."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.accepted import Accepted
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.installation import Installation
    from support.invariants import Site

END_SECONDS = 240
OUTSIDE_SECONDS = 90.0


@contextmanager
def without_api(installation: Installation) -> Iterator[None]:
    """Have no pod of the API for a time."""
    installation.scale("api", 0)
    try:
        yield
    finally:
        installation.scale("api", 1)
        is_outside_again(installation)


def is_outside_again(installation: Installation) -> None:
    """Wait until the ingress has heard that the API is there: without any pod of it, it knows no such paths."""
    with installation.service(installation.cluster.environment["INGRESS_URL"]) as client:
        eventually(lambda: client.http.get("/readyz").is_success, OUTSIDE_SECONDS, "the API behind the ingress")


@dataclass(frozen=True)
class Written:
    """A resource that was written by hand; its uid is the id of its request."""

    installation: Installation
    name: str
    uid: str

    @classmethod
    def by(cls, installation: Installation, name: str, **spec: Any) -> Written:
        """Apply one."""
        made = {
            "apiVersion": "imagebatch.io/v1alpha1",
            "kind": "ImageBatch",
            "metadata": {"name": name},
            "spec": spec,
        }
        installation.kubectl("apply", "-f", "-", given=json.dumps(made))
        return cls(installation, name, installation.kubectl("get", "ib", name, "-o", "jsonpath={.metadata.uid}"))

    @property
    def status(self) -> dict[str, Any]:
        found = json.loads(self.installation.kubectl("get", "ib", self.name, "-o", "json"))
        return dict(found.get("status", {}))

    @property
    def events(self) -> list[dict[str, Any]]:
        told = self.installation.objects("events")
        return [each for each in told if each["involvedObject"].get("uid") == self.uid]

    def wait(self, condition: str = "Complete") -> dict[str, Any]:
        """Wait as people do, with kubectl, until a condition is true; return the status then."""
        arguments = ("wait", f"--for=condition={condition}", f"ib/{self.name}", f"--timeout={END_SECONDS}s")
        self.installation.kubectl(*arguments, seconds=END_SECONDS + 10)
        return self.status

    def batch(self, url_lists: Sequence[Sequence[str]]) -> Accepted:
        """Return what was written as the accepted request that it is, with a webhook."""
        return Accepted(self.uid, url_lists, webhook=True)


def has_rows_files_and_webhook(site: Site, written: Written) -> None:
    """A request that has ended has its row, its products with links, its output CSV, and its webhook was received."""
    query = "SELECT * FROM file_processing WHERE request_id = %s"
    [row] = site.rows(query, written.uid)
    assert row["owner"] == f"k8s:{written.installation.namespace}"
    assert row["processing_status"] == "Completed"
    products = site.rows("SELECT output_image_urls FROM products WHERE file_id = %s", row["file_id"])
    assert products
    assert all(each["output_image_urls"] for each in products)
    assert site.objects(f"requests/{written.uid}/")["output.csv"] > 0
    eventually(lambda: told(site, written), 30, "the webhook")


def told(site: Site, written: Written) -> list[dict[str, Any]]:
    """Return what the receiver was told of a request."""
    bodies = [json.loads(each.body) for each in site.receiver.deliveries]
    return [body for body in bodies if body["request_id"] == written.uid]
