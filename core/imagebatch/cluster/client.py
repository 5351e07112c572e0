"""The Kubernetes API server as plain objects in and out, in one namespace. All other modules here go through it.

The one place that knows the Kubernetes client: its errors become ours here.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from imagebatch import USER_AGENT
from imagebatch.model.errors import Conflict, ImageBatchError, Misconfigured, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Object = dict[str, Any]
DEPENDENCY = "cluster"
TIMEOUT_SECONDS = (3.0, 30.0)  # to connect, to read
PAGE = 500
MERGE_PATCH = "application/merge-patch+json"
JSON = "application/json"
NO_ANSWER = 0
QUOTA = "exceeded quota"  # as the admission plugin ResourceQuota says it; no reason or cause tells
# No answer, or no token to ask with: mounted ones are read anew while the program runs.
FAILURES = (urllib3.exceptions.HTTPError, ApiException, ConfigException, OSError)
LONGEST_WORDS = 1_000  # of what the API server says; some of its answers repeat the whole object

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: the path of its API and its plural."""

    api: str
    plural: str


IMAGE_BATCHES = Kind("/apis/imagebatch.io/v1alpha1", "imagebatches")
JOBS = Kind("/apis/batch/v1", "jobs")
PODS = Kind("/api/v1", "pods")
CONFIG_MAPS = Kind("/api/v1", "configmaps")
EVENTS = Kind("/api/v1", "events")


class NamespaceGoing(Refused):
    """The namespace is being deleted: nothing new is taken into it."""


class Cluster:
    """One namespace of a cluster. Thread-safe. Every method raises Unavailable, and Refused for what is not allowed.

    `on_request` is told verb, plural and HTTP status (0: no answer) of every request.
    """

    def __init__(
        self,
        api: ApiClient,
        namespace: str,
        on_request: Callable[[str, str, int], None] = lambda *_: None,
    ) -> None:
        self.namespace = namespace
        self._api = api
        self._on_request = on_request

    def get(self, kind: Kind, name: str) -> Object | None:
        """Return an object, None when there is none."""
        try:
            return self._call("GET", kind, name)
        except NotFound:
            return None

    def list(self, kind: Kind, selector: str = "") -> Iterator[Object]:
        """Yield the objects that a label selector selects, all of them without one."""
        query = {"limit": str(PAGE), **({"labelSelector": selector} if selector else {})}
        while True:
            page = self._call("GET", kind, query=query)
            yield from page["items"]
            if not (after := page["metadata"].get("continue")):
                return
            query["continue"] = after

    def create(self, kind: Kind, body: Object) -> Object:
        """Create an object and return it. Raises Conflict when its name is taken."""
        return self._call("POST", kind, body=body)

    def namespace_is_going(self) -> bool:
        """Return whether the namespace is being deleted, as an event is told that would be made and is not."""
        event = {"metadata": {"generateName": "ask-"}, "involvedObject": {"namespace": self.namespace}}
        try:
            self._call("POST", EVENTS, query={"dryRun": "All"}, body=event)
        except NamespaceGoing:
            return True
        return False

    def patch(self, kind: Kind, name: str, change: Object, subresource: str = "") -> Object:
        """Merge a change into an object (RFC 7386) and return it. Raises NotFound.

        Raises Conflict when the change names a uid or a resource version in its metadata that is not the object's.
        """
        return self._call("PATCH", kind, f"{name}/{subresource}" if subresource else name, body=change)

    def delete(self, kind: Kind, name: str, uid: str | None = None) -> None:
        """Delete an object, and in the background what it owns; only that with `uid`. If it is gone nothing happens."""
        options: Object = {"propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        try:
            self._call("DELETE", kind, name, body=options)
        except (NotFound, Conflict):
            log.debug("%s %s is gone", kind.plural, name)

    def _call(
        self,
        verb: str,
        kind: Kind,
        name: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
    ) -> Object:
        path = "/".join(part for part in (kind.api, "namespaces", self.namespace, kind.plural, name) if part)
        headers = {"Accept": JSON, "Content-Type": MERGE_PATCH if verb == "PATCH" else JSON}
        status, data = NO_ANSWER, b""
        try:
            request = self._api.param_serialize(
                verb,
                path,
                query_params=list((query or {}).items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = self._api.call_api(*request, _request_timeout=TIMEOUT_SECONDS)
            status, data = answer.status, answer.read()  # type: ignore[no-untyped-call]
        except FAILURES as error:
            raise Unavailable(f"the API server does not answer: {error}", dependency=DEPENDENCY) from error
        finally:
            self._on_request(verb, kind.plural, status)
        if status >= 300:
            raise refusal(verb, kind, name, status, data)
        return _object(data)


def refusal(verb: str, kind: Kind, name: str, status: int, data: bytes) -> ImageBatchError:
    """Return the error that an answer of the API server stands for.

    A 404 that names no object speaks of the path: the resource is not defined, or it is another server that answers.
    """
    words = f"{verb} {f'{kind.plural} {name}'.strip()}: {status} {_words(data)}"
    details = _details(data)
    if status == 404 and details.get("name"):
        return NotFound(words)
    # A patch is refused because its uid, a precondition, is not that of the object of the name.
    if status == 409 or (status == 422 and _has_cause(details, "field", "metadata.uid")):
        return Conflict(words)
    if status == 403 and _has_cause(details, "reason", "NamespaceTerminating"):
        return NamespaceGoing(words)
    if status == 403 and QUOTA in words:  # room comes with time: the batch waits
        return Unavailable(words, dependency=DEPENDENCY)
    if status in (400, 403, 405, 413, 415, 422):
        return Refused(words)
    return Unavailable(words, dependency=DEPENDENCY)


def _object(data: bytes) -> Object:
    try:
        found: Object = json.loads(data)
    except ValueError as error:
        raise Unavailable("the API server's answer is no JSON", dependency=DEPENDENCY) from error
    return found


def _details(data: bytes) -> Object:
    """Return what a refusal says for programs."""
    try:
        details = json.loads(data)["details"]
    except (ValueError, KeyError, TypeError):
        return {}
    return details if isinstance(details, dict) else {}


def _has_cause(details: Object, key: str, value: str) -> bool:
    return any(cause.get(key) == value for cause in details.get("causes") or ())


def _words(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])[:LONGEST_WORDS]
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")


def connect(
    namespace: str, on_request: Callable[[str, str, int], None] = lambda *_: None, *, connections: int = 20
) -> Cluster:
    """Return the cluster that this program runs in, or without one that of KUBECONFIG. Raises Misconfigured."""
    configuration = Configuration()
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    except ConfigException:
        try:
            load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except ConfigException as error:
            raise Misconfigured(f"there is no cluster to connect to: {error}") from error
    configuration.retries = 1
    configuration.connection_pool_maxsize = connections
    api = ApiClient(configuration)
    api.user_agent = USER_AGENT
    return Cluster(api, namespace, on_request)
