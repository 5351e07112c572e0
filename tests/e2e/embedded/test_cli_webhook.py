"""`webhook listen` receives what the service sends, verifies it, and refuses what others send."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import httpx
from support import pictures
from support.command_line import BackgroundCommand, imagebatch
from support.image_server import ImageServer
from support.service import csv_of

from imagebatch_embedded.supervisor import Installation


def test_listen_when_a_batch_ends_prints_its_verified_webhook(
    installation: Installation, image_source: ImageServer, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]]))
    key = installation.data / "secrets" / "webhook-keys" / "default"
    with BackgroundCommand("webhook", "listen", "--port", "0", "--secret-file", key) as receiver:
        url = _url(receiver)
        ended = imagebatch("submit", file, "-w", "-o", "json", "--webhook-url", url, "--url", installation.api_url)
        request_id = json.loads(ended.stdout)["request_id"]
        assert f"{request_id} Completed AllSucceeded" in receiver.wait_for("verified")
        assert receiver.end(signal.SIGINT) == 0
    assert receiver.output.count("verified") == 1


def test_listen_when_a_stranger_posts_refuses() -> None:
    with BackgroundCommand("webhook", "listen", "--port", "0", "--secret", "whsec_c2VjcmV0") as receiver:
        url = _url(receiver)
        with httpx.Client(trust_env=False) as stranger:
            assert stranger.post(url, json={"status": "Completed"}).status_code == 401
            assert stranger.post(url, content=b"x" * 2_000_000).status_code == 413
            assert stranger.post(url.replace("/webhook", "/other")).status_code == 404
        assert "refused" in receiver.wait_for("Missing required headers")
    assert "verified " not in receiver.output


def _url(receiver: BackgroundCommand) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/webhook", receiver.wait_for("Ctrl-C stops."))
    assert found
    return found[0]
