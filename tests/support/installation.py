"""A Helm release of the checkout's images on a real cluster, in a namespace at the level restricted.

Postgres and S3 are the chart's own for development. What tests start on this machine, such as picture servers, is
reached by pods at the node's address.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.servers import S3Server

from support.cluster import CTL, ROOT, Cluster
from support.invariants import Site
from support.service import Service
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from support.image_server import ImageServer
    from support.webhook_receiver import WebhookReceiver

CHART = ROOT / "charts" / "imagebatch"
RELEASE = "shop"
NAME = f"{RELEASE}-imagebatch"
PROGRAMS = {"imagebatch-api": "Dockerfile.api", "imagebatch-processor": "Dockerfile.processor"}
SERVERS_FOLDER = "hack/cluster/images"
SERVERS = {
    "imagebatch-postgres": f"{SERVERS_FOLDER}/postgres.Dockerfile",
    "imagebatch-seaweedfs": f"{SERVERS_FOLDER}/seaweedfs.Dockerfile",
}
# What ends up in an image: a change of it makes another tag.
SOURCES = (
    "core",
    "api",
    "operator",
    "migrations",
    "processor",
    "requirements/api.txt",
    "requirements/operator.txt",
    "requirements/processor.txt",
    "hack/image_root.py",
)
PODS_AND_SERVICES = "10.244.0.0/24:*,10.96.0.0/16:*"
BUILD_SECONDS = 900
INSTALL_SECONDS = 180
READY_SECONDS = 120
HELD_SECONDS = 120  # as long a test may hold a picture back: what it waits for meanwhile takes its time on a busy node


def images_of_the_checkout(cluster: Cluster) -> str:
    """Build the images unless the cluster has them, put them into it, and return their tag."""
    tag = tag_of(*SOURCES, *PROGRAMS.values())
    _load(cluster, PROGRAMS, tag)
    _load(cluster, SERVERS, tag_of(SERVERS_FOLDER))
    return tag


def _load(cluster: Cluster, images: Mapping[str, str], tag: str) -> None:
    done = Path(cluster.environment["CLUSTER_DIR"]) / "images-of-tests" / tag
    done.mkdir(parents=True, exist_ok=True)
    with (done / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of these tests may be at it
        _load_missing(images, tag, done)


def _load_missing(images: Mapping[str, str], tag: str, done: Path) -> None:
    for name, dockerfile in images.items():
        if (done / name).exists():
            continue
        argv = [str(CTL), "load-image", f"localhost/{name}:{tag}", dockerfile]
        subprocess.run(argv, check=True, cwd=ROOT, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL)
        (done / name).touch()


def tag_of(*paths: str) -> str:
    """Return a tag that changes with any file of some paths."""
    digest = hashlib.sha256()
    roots = [ROOT / each for each in paths]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*")) if file.is_file()]
    for file in sorted(files):
        if "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@dataclass
class Installation:
    """One release. `values` are those that it was last given, beside the ones every test needs."""

    cluster: Cluster
    namespace: str
    tag: str
    values: dict[str, Any] = field(default_factory=dict)

    def install(self) -> None:
        """Install or upgrade it with its values, and wait until it is ready."""
        self.helm("upgrade", "--install", RELEASE, CHART, "-f", "-", given=json.dumps(self._values()))
        self.wait_ready()

    def keep_data_apart(self) -> None:
        """Have Postgres, S3 and all keys outlive the release, as those of production do. Call it before `install`."""
        parts = [word for part in ("services", "secrets") for word in ("--show-only", f"templates/dev-{part}.yaml")]
        made = self.helm("template", RELEASE, CHART, *parts, "-f", "-", given=json.dumps(self._values()))
        self.kubectl("apply", "-f", "-", given=made)
        self.values = merged(self.values, APART)

    def wait_ready(self) -> None:
        """Wait until the API and the operator are up."""
        for part in ("api", "operator"):
            self.kubectl(
                "rollout",
                "status",
                f"deployment/{NAME}-{part}",
                f"--timeout={READY_SECONDS}s",
                seconds=READY_SECONDS + 10,
            )

    def uninstall(self, *options: str) -> None:
        self.helm("uninstall", RELEASE, "--wait", *options)

    def helm(self, *arguments: object, given: str | None = None) -> str:
        context = ["--kube-context", self.cluster.environment["KUBE_CONTEXT"]]
        return self.cluster.run(
            ["helm", *context, "-n", self.namespace, *map(str, arguments)], given=given, seconds=INSTALL_SECONDS
        )

    def kubectl(self, *arguments: object, given: str | None = None, seconds: float = 60) -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, given=given, seconds=seconds)

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of a kind as the API server has them."""
        chosen = ["-l", selector] if selector else []
        return list(json.loads(self.kubectl("get", kind, *chosen, "-o", "json"))["items"])

    def resource(self, request_id: str) -> dict[str, Any]:
        """Return the ImageBatch of a request of the API."""
        return dict(json.loads(self.kubectl("get", "imagebatch", f"ib-{request_id}", "-o", "json")))

    def pods(self, request_id: str) -> list[dict[str, Any]]:
        """Return the pods of a request that have not ended."""
        found = self.objects("pods", f"imagebatch.io/request-id={request_id}")
        return [pod for pod in found if pod["status"].get("phase") not in ("Succeeded", "Failed")]

    def scale(self, part: str, replicas: int) -> None:
        """Set how many pods of a part there are, and wait until that is so."""
        self.kubectl("scale", f"deployment/{NAME}-{part}", f"--replicas={replicas}")
        selector = f"app.kubernetes.io/component={part}"
        if replicas:
            self.kubectl("rollout", "status", f"deployment/{NAME}-{part}", "--timeout=120s", seconds=130)
        else:
            eventually(lambda: not self.objects("pods", selector), 90, f"the end of {part}")

    def kill(self, part: str) -> None:
        """End the pod of a part at once, without asking."""
        self.kubectl("delete", "pod", "-l", f"app.kubernetes.io/component={part}", "--grace-period=0", "--force")

    def address(self, service: str) -> str:
        """Return the cluster's address of a Service, which this machine reaches too."""
        return self.kubectl("get", "service", f"{NAME}-{service}", "-o", "jsonpath={.spec.clusterIP}")

    def secret(self, name: str, key: str) -> str:
        text = self.kubectl("get", "secret", f"{NAME}-dev-{name}", "-o", f"jsonpath={{.data.{key}}}")
        return base64.b64decode(text).decode()

    @contextmanager
    def service(self, url: str = "") -> Iterator[Service]:
        """A client of the API, by its Service unless another address is given."""
        with Service(url or f"http://{self.address('api')}", self.api_key) as client:
            client.http.headers["Host"] = self.host  # links to results lead through the ingress, shared by releases
            yield client

    @property
    def host(self) -> str:
        """The name by which the ingress knows this release among others."""
        return f"{self.namespace}.test"

    @cached_property
    def api_key(self) -> str:
        return self.secret("api-keys", "api-key")

    @cached_property
    def webhook_key(self) -> str:
        return self.secret("webhooks", "default")

    @property
    def database_url(self) -> str:
        inside = self.secret("database", "url")
        return inside.replace(f"{NAME}-dev-postgres", self.address("dev-postgres"))

    @property
    def s3(self) -> S3Server:
        endpoint = f"http://{self.address('dev-s3')}:8333"
        return S3Server(endpoint, self.secret("store", "access-key"), self.secret("store", "secret-key"), "imagebatch")

    def _values(self) -> dict[str, Any]:
        return merged(
            {
                "crd": {"enabled": False},  # one for all: `served` brings it
                "publicUrl": self.cluster.environment["INGRESS_URL"],
                "api": {"image": self._image("api"), "resources": LITTLE},
                "operator": {"resources": LITTLE},
                "processor": {"image": self._image("processor"), "resources": SMALL},
                "dev": {
                    "seed": "for tests only, nothing else",
                    "secrets": {"enabled": True},
                    "postgres": {"enabled": True, "image": f"localhost/imagebatch-postgres:{tag_of(SERVERS_FOLDER)}"},
                    "s3": {"enabled": True, "image": f"localhost/imagebatch-seaweedfs:{tag_of(SERVERS_FOLDER)}"},
                },
                "settings": {
                    "IMAGEBATCH_FETCH_ALLOW": PODS_AND_SERVICES,
                    "IMAGEBATCH_FETCH_DEADLINE_SECONDS": HELD_SECONDS,
                    "IMAGEBATCH_WEBHOOK_ALLOW": PODS_AND_SERVICES,
                },
            },
            self.values,
        )

    def _image(self, name: str) -> dict[str, str]:
        return {"repository": f"localhost/imagebatch-{name}", "tag": self.tag}


# Requests that let several releases and a dozen shards onto a node of two CPUs; the limits are the chart's own.
LITTLE = {"requests": {"cpu": "10m", "memory": "256Mi"}}
SMALL = {"requests": {"cpu": "50m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}

# The parts for development that stand in the namespace without belonging to the release.
APART = {
    "dev": {part: {"enabled": False} for part in ("postgres", "s3", "secrets")},
    "database": {"existingSecret": f"{NAME}-dev-database"},
    "store": {"existingSecret": f"{NAME}-dev-store", "endpoint": f"http://{NAME}-dev-s3:8333"},
    "links": {"existingSecret": f"{NAME}-dev-links"},
    "apiKeys": {"existingSecret": f"{NAME}-dev-api-keys"},
    "webhooks": {"existingSecret": f"{NAME}-dev-webhooks"},
}


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values, those of `above` before those of `below`."""
    both = {name: merged(below[name], above[name]) for name in below if isinstance(above.get(name), dict)}
    return {**below, **above, **both}


def site_of(installation: Installation, service: Service, source: ImageServer, receiver: WebhookReceiver) -> Site:
    """Return where the invariants look at an installation."""
    return Site(
        service=lambda: service,
        database_url=installation.database_url,
        s3=installation.s3,
        prefix="",
        webhook_key=installation.webhook_key,
        receiver=receiver,
        source=source,
        at_work=lambda: len(_processors(installation)),
        left=lambda: [each["metadata"]["name"] for each in installation.objects("jobs", PROCESSORS)],
    )


PROCESSORS = "app.kubernetes.io/component=processor"


def _processors(installation: Installation) -> Sequence[dict[str, Any]]:
    """Return the pods and Jobs of batches that are left."""
    return installation.objects("pods", PROCESSORS) + installation.objects("jobs", PROCESSORS)
