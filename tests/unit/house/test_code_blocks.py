"""What the pages show in JSON and Python can be read, and the receiver of webhooks verifies what the service signs."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

ROOT = Path(__file__).resolve().parents[3]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "postman").glob("*.md")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str, pages: list[Path] = PAGES) -> list[Any]:
    """The code blocks in a language, each with its page's name."""
    return [
        pytest.param(text, id=f"{page.stem}-{number}")
        for page in sorted(pages)
        for number, (kind, text) in enumerate(BLOCK.findall(page.read_text("utf-8")))
        if kind == language
    ]


@pytest.mark.parametrize("text", blocks("json"))
def test_json_when_a_page_shows_it_can_be_read(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("text", blocks("python"))
def test_python_when_a_page_shows_it_can_be_read(text: str) -> None:
    ast.parse(text)


def test_receiver_when_the_page_shows_it_verifies_what_is_signed() -> None:
    (shown,) = blocks("python", [ROOT / "docs/how-to/receive-webhooks.md"])
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(shown.values[0], "receive-webhooks.md", "exec"), names)
    now, body = datetime.now(UTC), '{"request_id": "r"}'
    headers = {
        "webhook-id": "msg_r",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(names["SECRETS"][0]).sign("msg_r", now, body),
    }
    assert names["verified"](body.encode(), headers) == {"request_id": "r"}
    assert names["verified"](body.encode() + b" ", headers) is None
