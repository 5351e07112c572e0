"""What is logged while a batch runs into everything: no secret, one JSON object a line, the request named; metrics."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support import pictures
from support.dev_installation import DevInstallation
from support.image_server import ImageServer, held_until
from support.loopback_server import Reply
from support.open_folder import open_folder
from support.service import Service, csv_of
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

from imagebatch.metrics import Metrics

API_KEY = "ib_4f1c0e9b2a7d4e55b1f06a3c8d9e7f20"
IN_URLS = ("hunter2-source", "hunter3-redirect", "hunter4-webhook", "sig-5b1c7e90", "hook-9d3e2f71")
OURS = ("api.log", "operator.log", "shards/*.log")
DELIVERED = 'imagebatch_webhook_attempts_total{result="delivered"} 1.0'
NOBODY_WATCHES = "\nimagebatch_http_event_streams 0.0\n"
HELD_SECONDS = 150  # for what a picture waits at most, so that its shard still lives when it is killed


@dataclass
class Scene:
    """An installation after everything went wrong once: its logs, its secrets, what it counted."""

    logs: Path
    request_id: str
    secrets: dict[str, str]
    metrics: dict[str, str]

    def lines(self, *patterns: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            for file in sorted(self.logs.glob(pattern)):
                for line in file.read_text("utf-8", "replace").splitlines():
                    yield file.name, line


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with open_folder() as folder, ImageServer() as images, WebhookReceiver() as receiver:
        keys = folder / "api-keys"
        keys.write_text(f"shop:{hashlib.sha256(API_KEY.encode()).hexdigest()}\n")
        settings = {
            "IMAGEBATCH_LOG_FORMAT": "json",
            "IMAGEBATCH_API_KEYS_FILE": str(keys),
            "IMAGEBATCH_FETCH_ALLOW": images.allow,
            "IMAGEBATCH_FETCH_DEADLINE_SECONDS": str(2 * HELD_SECONDS),
            "IMAGEBATCH_WEBHOOK_ALLOW": receiver.allow,
            "IMAGEBATCH_WEBHOOK_SCHEDULE_SECONDS": "0,0.1,0.1",
        }
        dev = DevInstallation(folder / "data", settings)
        dev.settings["IMAGEBATCH_METRICS_PORT"] = str(dev.spare_port)
        with dev as installation:
            service = installation.service()
            service.http.headers["Authorization"] = f"Bearer {API_KEY}"
            request_id = run_a_batch(installation, images, receiver)
            provoke(service, request_id, keys)
            metrics = counted(service, installation.spare_port)
            secrets = secrets_of(installation, service, request_id)
        yield Scene(folder / "data" / "logs", request_id, secrets, metrics)


def run_a_batch(installation: DevInstallation, images: ImageServer, receiver: WebhookReceiver) -> str:
    """A batch with failing images, secrets in its URLs, a receiver that fails twice, and servers that are killed."""
    service = installation.service()
    receiver.answer_with(500, 500, 204)
    killed, photo = Event(), pictures.jpeg()
    urls = [
        images.add("/good.jpg?X-Amz-Signature=sig-5b1c7e90", photo),
        images.add("/slow.jpg?X-Amz-Signature=sig-5b1c7e90", held_until(killed, photo, HELD_SECONDS)),
        images.add("/away.jpg", Reply.redirect("http://user:hunter3-redirect@127.0.0.1/x.jpg")),
        images.url("/gone.jpg?X-Amz-Signature=sig-5b1c7e90"),
        "http://127.0.0.1:1/?X-Amz-Signature=sig-5b1c7e90",
    ]
    request_id = service.upload(csv_of([urls]), webhook_url=f"{receiver.address}?key=hook-9d3e2f71")
    try:
        eventually(lambda: images.counts["/slow.jpg"], 30, "the shard at work")
        with service.http.stream("GET", f"/status/{request_id}/events"):
            assert "\nimagebatch_http_event_streams 1.0\n" in scraped(f"{service.http.base_url}/metrics")
        for part in ("shard", "postgres", "s3"):
            installation.kill(part)
    finally:
        killed.set()
    eventually(lambda: ready(service), 60, "database and store")
    service.finish(request_id)
    eventually(lambda: len(receiver.deliveries) == 3, 30, "the webhook")
    return request_id


def provoke(service: Service, request_id: str, keys: Path) -> None:
    """Calls that are refused, and a file of keys into which somebody pasted a key."""
    url, ftp = "http://user:hunter2-source@127.0.0.1/a.jpg", "http://user:hunter4-webhook@127.0.0.1/"
    form = {"files": {"file": ("a.csv", csv_of([[url]]), "text/csv")}, "data": {"webhook_url": ftp}}
    assert service.http.post("/upload", **form).status_code == 400
    assert service.http.get("/status/not-an-id").status_code == 404
    assert service.http.get(f"/results/{request_id}/output.csv?t=wrong", headers={"Authorization": ""}).status_code in (
        401,
        403,
    )
    assert service.http.get("/requests", headers={"Authorization": "Bearer nobody's"}).status_code == 401
    status = service.status(request_id)
    assert httpx.get(status["result_url"], trust_env=False).status_code == 200
    keys.write_text(f"{keys.read_text()}other:{API_KEY}\n")
    assert service.http.get("/requests").status_code == 200


def ready(service: Service) -> bool:
    try:
        return service.http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def counted(service: Service, operator_port: int) -> dict[str, str]:
    """Return both programs' metrics once they have noted the message that was taken and the stream that was left."""
    api, operator = f"{service.http.base_url}/metrics", f"http://127.0.0.1:{operator_port}/metrics"
    eventually(lambda: DELIVERED in scraped(operator), 30, "the record of the last try")
    eventually(lambda: NOBODY_WATCHES in scraped(api), 30, "the end of the stream")
    return {"api": scraped(api), "operator": scraped(operator)}


def scraped(url: str) -> str:
    return httpx.get(url, trust_env=False).raise_for_status().text


def secrets_of(installation: DevInstallation, service: Service, request_id: str) -> dict[str, str]:
    """Everything that must not be found, by what it is."""
    status = service.status(request_id)
    links = [status[name] for name in ("result_url", "errors_url", "report_url")]
    links += [url for row in service.outputs(status) for url in row if url]
    secrets = {f"token of {urlsplit(link).path}": link.partition("?t=")[2] for link in links}
    secrets |= {f"secret in a URL {number}": secret for number, secret in enumerate(IN_URLS)}
    secrets["database password"] = str(urlsplit(installation.database_url).password)
    secrets["S3 secret key"] = installation.s3.secret_key
    secrets["link secret"] = (installation.data / "secrets" / "link-secret").read_text().strip()
    secrets["signing key"] = installation.webhook_key.removeprefix("whsec_")
    secrets["API key"] = API_KEY
    secrets["hash of the API key"] = hashlib.sha256(API_KEY.encode()).hexdigest()
    return secrets


def test_logs_when_everything_went_wrong_hold_no_secret(scene: Scene) -> None:
    found = {
        (file, name): line
        for file, line in scene.lines("**/*.log")
        for name, secret in scene.secrets.items()
        if secret in line
    }
    assert found == {}
    assert all(scene.secrets.values())


def test_logs_of_our_programs_hold_no_link_token_and_no_userinfo(scene: Scene) -> None:
    bad = re.compile(r"[?&]t=|://[^/\s\"]*:[^/\s\"]*@|whsec_|Bearer ")
    assert [line for _, line in scene.lines(*OURS) if bad.search(line)] == []


def test_json_logs_when_read_line_by_line_parse(scene: Scene) -> None:
    for file, line in scene.lines(*OURS):
        record = json.loads(line)
        assert {"time", "level", "program", "logger", "message"} <= set(record), (file, line)


def test_log_lines_about_a_request_name_it(scene: Scene) -> None:
    def records(pattern: str, logger: str) -> list[dict[str, Any]]:
        return [each for _, line in scene.lines(pattern) if (each := json.loads(line))["logger"].startswith(logger)]

    access = [each for each in records("api.log", "imagebatch_api.access") if scene.request_id in each["message"]]
    uploads = [each for each in records("api.log", "imagebatch_api.access") if " /upload 200 " in each["message"]]
    tries = records("operator.log", "imagebatch_operator.webhooks")
    deaths = records("operator.log", "imagebatch_embedded.local_jobs")
    shard = records("shards/*.log", "")
    for group in (access, uploads, deaths, shard):
        assert group
        assert {each.get("request_id") for each in group} == {scene.request_id}
    assert sum(each.get("request_id") == scene.request_id for each in tries) >= 2


def test_metrics_when_scraped_are_those_of_the_list(scene: Scene) -> None:
    listed = {family.name for family in Metrics().registry.collect()}
    for text in scene.metrics.values():
        families = set(re.findall(r"^# TYPE (imagebatch_\w+) ", text, re.MULTILINE))
        assert {name.removesuffix("_total") for name in families if not name.endswith("_created")} == listed
    assert DELIVERED in scene.metrics["operator"]
    assert NOBODY_WATCHES in scene.metrics["api"]
    assert "\nimagebatch_http_key_file_errors_total 1.0\n" in scene.metrics["api"]
