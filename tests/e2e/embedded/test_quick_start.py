"""The commands of the quick start, run as printed: they do what the page says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import eventually
from support.walk_through import ROOT, Shell, sample_shell, scripts

from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver
from imagebatch_embedded.supervisor import Installation

RECEIVER = "http://127.0.0.1:9000/webhook"
CHECK, SUBMIT, BY_ID, RESULTS, CURL, EVENTS, RETRY, REPEAT, WITH_WEBHOOK = scripts(ROOT / "docs" / "quick-start.md")


@pytest.fixture
def shell(installation: Installation, tmp_path: Path) -> Iterator[Shell]:
    with sample_shell(installation.api_url, tmp_path) as shell:
        yield shell


def test_quick_start_when_followed_to_the_results_does_what_it_says(shell: Shell) -> None:
    assert "distinct images  8" in shell.run(CHECK)
    assert "Completed (PartiallySucceeded)" in shell.run(SUBMIT)
    assert shell.run(BY_ID).count("Completed (PartiallySucceeded)") == 2
    assert "http_404" in shell.run(RESULTS)
    assert len(list((shell.folder / "results" / "images").iterdir())) == 7
    assert json.loads(shell.run(CURL))["counts"]["total"] == 8


def test_quick_start_when_a_batch_is_watched_and_retried_does_what_it_says(shell: Shell) -> None:
    events = [json.loads(line[5:]) for line in shell.run(EVENTS).splitlines() if line.startswith("data:")]
    assert (events[-1]["status"], events[-1]["counts"]["failed"]) == ("Completed", 1)
    assert "Completed (PartiallySucceeded)" in shell.run(RETRY)


def test_quick_start_when_an_upload_is_repeated_answers_the_same(shell: Shell) -> None:
    said = shell.run(REPEAT)
    first, second = said[: len(said) // 2], said[len(said) // 2 :]
    assert json.loads(first) == json.loads(second)


def test_quick_start_when_a_webhook_is_wanted_it_comes_signed(shell: Shell, installation: Installation) -> None:
    deliveries: list[ReceivedDelivery] = []
    with WebhookReceiver(installation.webhook_key, deliveries.append) as receiver:
        shell.filled[RECEIVER] = receiver.url
        shell.run(WITH_WEBHOOK)
        eventually(lambda: deliveries, 30, "the webhook")
    assert [delivery.verified for delivery in deliveries] == [True]
