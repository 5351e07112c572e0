"""The Postman collection, run by newman from its first request to its last against a real installation."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook
from support import pictures
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.webhook_receiver import WebhookReceiver

    from imagebatch_embedded.supervisor import Installation

ROOT = Path(__file__).resolve().parents[3]
COLLECTION = ROOT / "postman" / "imagebatch.postman_collection.json"
ENVIRONMENT = ROOT / "postman" / "imagebatch.postman_environment.json"


def newman(variables: dict[str, str], folder: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the collection in a working directory; return the process and newman's report of the run."""
    tools = subprocess.run([ROOT / "hack/node_tools.sh"], check=True, capture_output=True, text=True)
    report = folder / "run.json"
    files = [COLLECTION, "--environment", ENVIRONMENT, "--working-dir", folder]
    reporters = ["--reporters", "cli,json", "--reporter-json-export", report, "--color", "off"]
    pairs = [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    direct = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [f"{tools.stdout.strip()}/newman", "run", *files, *reporters, *pairs],
        check=False,
        capture_output=True,
        text=True,
        env=direct,
        timeout=240,
    )
    return done, json.loads(report.read_text("utf-8"))["run"]


def names(items: list[dict[str, Any]]) -> list[str]:
    """The names of a collection's requests, in order."""
    return [name for item in items for name in (names(item["item"]) if "item" in item else [item["name"]])]


def test_collection_when_newman_runs_it_passes_every_assertion(
    installation: Installation, image_source: ImageServer, webhook_receiver: WebhookReceiver, tmp_path: Path
):
    photo = image_source.add("/chair-front.jpg", pictures.jpeg())
    image_source.add("/chair-side.jpg", pictures.jpeg(120, 160))
    image_source.add("/vase.webp", pictures.webp())
    samples = tmp_path / "docs" / "samples"
    samples.mkdir(parents=True)
    (samples / "products.csv").write_bytes(csv_of([[photo]]))
    variables = {
        "base_url": installation.api_url,
        "images_url": image_source.url().rstrip("/"),
        "receiver_url": webhook_receiver.url().rstrip("/"),
        "webhook_key": installation.webhook_key,
    }
    done, run = newman(variables, tmp_path)

    assert done.returncode == 0, done.stdout
    assert run["stats"]["assertions"]["failed"] == 0
    ran = list(dict.fromkeys(execution["item"]["name"] for execution in run["executions"]))
    assert ran == names(json.loads(COLLECTION.read_text("utf-8"))["item"])
    assert all(execution["assertions"] for execution in run["executions"])

    eventually(lambda: len(webhook_receiver.deliveries) >= 3, what="two batches' webhooks and the collection's own")
    said = [
        Webhook(installation.webhook_key).verify(delivery.body, dict(delivery.headers))
        for delivery in webhook_receiver.deliveries
    ]
    assert {frozenset(each) for each in said} == {frozenset(said[0])}
