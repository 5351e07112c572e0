"""What README and the quick start show is what happens: their commands are run as printed."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command_line import PROGRAM
from support.waiting import eventually
from support.walk_through import Shell, blocks, scripts

from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver
from imagebatch_embedded.demo.picture_server import PictureServer
from imagebatch_embedded.supervisor import Installation

ROOT = Path(__file__).resolve().parents[3]
API, PICTURES, RECEIVER = "http://127.0.0.1:8000", "http://127.0.0.1:8001", "http://127.0.0.1:9000/webhook"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COUNTS = {"total": 8, "pending": 0, "succeeded": 7, "failed": 1}


@pytest.fixture
def shell(installation: Installation, tmp_path: Path) -> Iterator[Shell]:
    """A shell in a folder with the sample CSV, its pictures served; addresses are those of this test's servers."""
    samples = tmp_path / "docs" / "samples"
    samples.mkdir(parents=True)
    with PictureServer() as pictures:
        text = (ROOT / "docs" / "samples" / "products.csv").read_text()
        (samples / "products.csv").write_text(text.replace(PICTURES, pictures.url))
        filled = {API: installation.api_url, ".venv/bin/imagebatch": str(PROGRAM)}
        yield Shell(tmp_path, filled, {"IMAGEBATCH_URL": installation.api_url})


def test_readme_when_its_commands_are_run_shows_what_happens(shell: Shell) -> None:
    upload, ask, download, submit = scripts(ROOT / "README.md")
    _, shown = [json.loads(text) for text in blocks(ROOT / "README.md", "json")]
    (example,) = {*UUID.findall(ask)}
    shell.filled[example] = json.loads(shell.run(upload))["request_id"]

    def ended() -> dict[str, object]:
        status = json.loads(shell.run(ask))
        return dict(status) if status["status"] == shown["status"] else {}

    status = eventually(ended, 60, "the documented status")
    assert {name: status[name] for name in ("reason", "counts")} == {name: shown[name] for name in ("reason", "counts")}
    assert shown["counts"] == COUNTS
    token = str(status["result_url"]).partition("?t=")[2]
    shell.filled["?t=…"] = f"?t={token}"
    shell.run(download)
    with (shell.folder / "output.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Output Image Urls"].count("http://") for row in rows] == [2, 1, 1, 1, 1, 1]
    assert "Completed (PartiallySucceeded)" in shell.run(submit)


def test_quick_start_when_its_commands_are_run_does_what_it_says(shell: Shell, installation: Installation) -> None:
    validate, submit, by_id, results, curl, with_webhook = scripts(ROOT / "docs" / "quick-start.md")
    assert "distinct images  8" in shell.run(validate)
    assert "Completed (PartiallySucceeded)" in shell.run(submit)
    assert shell.run(by_id).count("Completed (PartiallySucceeded)") == 2
    assert "http_404" in shell.run(results)
    assert len(list((shell.folder / "results" / "images").iterdir())) == COUNTS["succeeded"]
    assert json.loads(shell.run(curl))["counts"]["total"] == COUNTS["total"]
    deliveries: list[ReceivedDelivery] = []
    with WebhookReceiver(installation.webhook_key, deliveries.append) as receiver:
        shell.filled[RECEIVER] = receiver.url
        shell.run(with_webhook)
        eventually(lambda: deliveries, 30, "the webhook")
    assert [delivery.verified for delivery in deliveries] == [True]
