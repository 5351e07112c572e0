"""What the how-to pages show works: their commands are run as printed, their Python as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.service import Service
from support.walk_through import ROOT, Shell, blocks, sample_shell, scripts

from imagebatch_api.keys import matching, parse_keys
from imagebatch_embedded.supervisor import Installation

PAGES = ROOT / "docs" / "how-to"


@pytest.fixture
def shell(installation: Installation, tmp_path: Path) -> Iterator[Shell]:
    with sample_shell(installation.api_url, tmp_path) as shell:
        yield shell


def shown(page: str) -> dict[str, Any]:
    """The names that a page's only block of Python defines."""
    (text,) = blocks(PAGES / page, "python")
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(text, page, "exec"), names)
    return names


def sample(shell: Shell) -> Path:
    return shell.folder / "docs" / "samples" / "products.csv"


def test_key_when_made_as_shown_opens_by_its_line(shell: Shell) -> None:
    said = shell.run(scripts(PAGES / "api-keys.md")[0])
    key = said.strip().rpartition(" ")[2]
    found = matching(parse_keys((shell.folder / "api-keys").read_text()), key)
    assert found is not None
    assert found.name == "shop"


def test_upload_when_repeated_as_shown_is_one_request(shell: Shell, installation: Installation) -> None:
    (shell.folder / "products.csv").write_bytes(sample(shell).read_bytes())
    first, second, *_ = shell.run(scripts(PAGES / "upload-once.md")[0]).split("}")
    assert first == second
    upload = shown("upload-once.md")["upload"]
    api, file = installation.api_url, str(sample(shell))
    assert upload(api, file, "how-to-17") == upload(api, file, "how-to-17")


def test_batch_when_followed_as_shown_is_told_to_its_end(
    shell: Shell, installation: Installation, service: Service
) -> None:
    request_id = service.upload(sample(shell).read_bytes())
    states = list(shown("follow-a-batch.md")["follow"](installation.api_url, request_id))
    assert states[-1]["status"] == "Completed"
    shell.filled["$id"] = request_id
    ask, watch, listings = scripts(PAGES / "follow-a-batch.md")
    assert json.loads(shell.run(ask)) == states[-1]
    assert "event: status" in shell.run(watch)
    assert shell.run(listings).count('"code":"http_404"') == 2


def test_batch_when_retried_and_deleted_as_shown_is_gone(shell: Shell, service: Service) -> None:
    request_id = service.upload(sample(shell).read_bytes())
    service.finish(request_id)
    shell.filled["$id"] = request_id
    cancel, retry, delete = scripts(PAGES / "cancel-retry-delete.md")
    assert json.loads(shell.run(cancel))["code"] == "already_final"
    again = retry.splitlines()[0]
    retried = json.loads(shell.run(again))["request_id"]
    assert json.loads(shell.run(again))["request_id"] == retried
    assert service.finish(retried)["retry_of"] == request_id
    shell.run(delete)
    assert service.http.get(f"/status/{request_id}").status_code == 404


def test_batch_when_suspended_and_resumed_as_shown_says_that_it_has_ended(shell: Shell, service: Service) -> None:
    request_id = service.upload(sample(shell).read_bytes())
    service.finish(request_id)
    shell.filled["$id"] = request_id
    for said in scripts(PAGES / "suspend-and-resume.md"):
        assert json.loads(shell.run(said))["code"] == "already_final"


def test_webhook_when_asked_about_as_shown_is_told(shell: Shell, service: Service) -> None:
    request_id = service.upload(sample(shell).read_bytes())
    service.finish(request_id)
    shell.filled["$id"] = request_id
    attempts, _ = [text for text in scripts(PAGES / "receive-webhooks.md") if "webhook" in text]
    assert '"state":"None"' in shell.run(attempts)
