"""Two hundred batches at once through one installation: all of them end, and nothing is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.accepted import send
from support.dev_installation import DevInstallation, site_of
from support.image_server import ImageServer
from support.invariants import check_all
from support.open_folder import open_folder
from support.webhook_receiver import WebhookReceiver

BATCHES, IMAGES = 200, 20
CLIENTS = 20
FINISH_SECONDS = 240.0


def peak_mebibytes(pid: int) -> int:
    """Return the most memory that a process ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


@pytest.fixture(scope="module")
def dev() -> Iterator[DevInstallation]:
    settings = {"IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*", "IMAGEBATCH_WEBHOOK_ALLOW": "127.0.0.1/32:*"}
    with open_folder() as folder, DevInstallation(folder / "data", settings) as started:
        yield started


def test_two_hundred_batches_at_once_all_end_with_every_invariant(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    service, started = dev.service(), time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        names = [f"b{number}-" for number in range(BATCHES)]
        batches = list(
            clients.map(lambda name: send(service, image_source, IMAGES, webhook_receiver.address, name), names)
        )
    accepted = time.monotonic()
    for batch in batches:
        batch.follow(dev.service, FINISH_SECONDS)
    ended = time.monotonic()
    memory = {part: peak_mebibytes(dev.pids(part)[0]) for part in ("api", "operator")}
    print(f"accepted in {accepted - started:.1f} s, ended {ended - accepted:.1f} s later; peak MiB: {memory}")
    check_all(site_of(dev, image_source, webhook_receiver), batches)
    assert {batch.last["reason"] for batch in batches} == {"AllSucceeded"}
    print(f"checked in {time.monotonic() - ended:.1f} s")
