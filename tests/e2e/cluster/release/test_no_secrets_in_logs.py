"""What the pods of a release log while a batch runs into trouble, as `kubectl logs` shows it: no secret."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support import pictures
from support.image_server import held_until
from support.installation import HELD_SECONDS, RELEASE
from support.loopback_server import Reply
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer
    from support.installation import Installation
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.timeout(1_200)

IN_URLS = ("hunter2-source", "hunter3-redirect", "hunter4-webhook", "sig-5b1c7e90", "hook-9d3e2f71")
STARTED_SECONDS = 180.0
OURS = ("api", "operator", "processor")
FORBIDDEN = re.compile(r"[?&]t=|://[^/\s\"]*:[^/\s\"]*@|whsec_|Bearer ")


@dataclass(frozen=True)
class Told:
    """What the containers of a release logged, and what must not be in it, by what it is."""

    lines: dict[str, list[str]]
    secrets: dict[str, str]


@pytest.fixture
def told(installation: Installation, pictures_on_the_node: ImageServer, receiver_on_the_node: WebhookReceiver) -> Told:
    """All that was logged, after a batch that ran into failing images, a failing receiver and refused calls."""
    with installation.service() as service, ExitStack() as following:
        receiver_on_the_node.answer_with(500, 204)
        with held_picture(pictures_on_the_node) as urls:
            hook = f"{receiver_on_the_node.address}?key=hook-9d3e2f71"
            request_id = service.upload(csv_of([urls]), webhook_url=hook)
            eventually(lambda: pictures_on_the_node.counts["/slow.jpg"], STARTED_SECONDS, "the processor at work")
            [pod] = eventually(lambda: running_pods(installation, request_id), STARTED_SECONDS, "its running pod")
            chosen = ("-n", installation.namespace, pod["metadata"]["name"], "--all-containers")
            processor = following.enter_context(installation.cluster.watching("logs", "-f", *chosen))
            eventually(lambda: processor, STARTED_SECONDS, "what the processor logged")
        provoke(service, request_id)
        service.finish(request_id, STARTED_SECONDS)
        eventually(lambda: len(receiver_on_the_node.deliveries) == 2, STARTED_SECONDS, "the webhook")
        eventually(lambda: not installation.pods(request_id), STARTED_SECONDS, "the end of the processor")
        secrets = secrets_of(installation, service, request_id)
    return Told({**logs_of(installation), "processor": processor}, secrets)


@contextmanager
def held_picture(source: ImageServer) -> Iterator[list[str]]:
    """Serve pictures, one of them not before the end, under URLs with secrets in them; many fail."""
    seen, photo = Event(), pictures.jpeg()
    yield [
        source.add("/good.jpg?X-Amz-Signature=sig-5b1c7e90", photo),
        source.add("/slow.jpg?X-Amz-Signature=sig-5b1c7e90", held_until(seen, photo, HELD_SECONDS)),
        source.add("/away.jpg", Reply.redirect("http://user:hunter3-redirect@127.0.0.1/x.jpg")),
        source.url("/gone.jpg?X-Amz-Signature=sig-5b1c7e90"),
        "http://127.0.0.1:1/?X-Amz-Signature=sig-5b1c7e90",
    ]
    seen.set()


def provoke(service: Service, request_id: str) -> None:
    """Calls that are refused, with secrets in them, and one link that is opened."""
    http, form = service.http, {"webhook_url": "http://user:hunter4-webhook@127.0.0.1/"}
    file = {"file": ("a.csv", csv_of([["http://user:hunter2-source@127.0.0.1/a.jpg"]]), "text/csv")}
    assert http.post("/upload", files=file, data=form).status_code == 400
    nobody = {"Authorization": "Bearer nobodys-key-77aa31"}
    assert http.get("/requests", headers=nobody).status_code == 401
    wrong = f"/results/{request_id}/output.csv?t=wrong-token-51bc"
    assert http.get(wrong, headers={"Authorization": ""}).status_code in (401, 403)


def secrets_of(installation: Installation, service: Service, request_id: str) -> dict[str, str]:
    status = service.status(request_id)
    links = [status[name] for name in ("result_url", "errors_url", "report_url")]
    links += [url for row in service.outputs(status) for url in row if url]
    for link in links:
        service.get(link)
    secrets = {f"token of {urlsplit(link).path}": link.partition("?t=")[2] for link in links}
    secrets |= {f"secret in a URL, {number}": each for number, each in enumerate(IN_URLS)}
    return {
        **secrets,
        "key of nobody": "nobodys-key-77aa31",
        "wrong token": "wrong-token-51bc",
        "API key": installation.api_key,
        "hash of the API key": hashlib.sha256(installation.api_key.encode()).hexdigest(),
        "signing key": installation.webhook_key.removeprefix("whsec_"),
        "link secret": installation.secret("links", "link-secret"),
        "S3 secret key": installation.s3.secret_key,
        "database password": str(urlsplit(installation.database_url).password),
    }


def running_pods(installation: Installation, request_id: str) -> list[dict[str, Any]]:
    """Return the pods of a request that the API server has as running, and shows the logs of."""
    return [pod for pod in installation.pods(request_id) if pod["status"]["phase"] == "Running"]


def logs_of(installation: Installation) -> dict[str, list[str]]:
    """Return what every container of the release logged, by its name."""
    logs: dict[str, list[str]] = {}
    for pod in installation.objects("pods", f"app.kubernetes.io/instance={RELEASE}"):
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            text = installation.kubectl("logs", pod["metadata"]["name"], "-c", container["name"])
            logs.setdefault(container["name"], []).extend(text.splitlines())
    return logs


def test_logs_when_a_batch_ran_into_trouble_hold_no_secret_and_are_json(told: Told) -> None:
    assert all(told.secrets.values())
    found = {
        (part, what): line
        for part, lines in told.lines.items()
        for line in lines
        for what, secret in told.secrets.items()
        if secret in line
    }
    assert found == {}
    assert {*OURS, "migrations"} < set(told.lines)
    for part in OURS:
        assert told.lines[part], f"{part} logged nothing"
        assert [line for line in told.lines[part] if FORBIDDEN.search(line)] == []
        for line in told.lines[part]:
            record = json.loads(line)
            assert {"time", "level", "program", "logger", "message"} <= set(record), (part, line)
