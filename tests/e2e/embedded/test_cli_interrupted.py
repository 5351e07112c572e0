"""Ctrl-C while watching ends the watching, not the batch."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

from support import pictures
from support.command_line import BackgroundCommand
from support.image_server import ImageServer
from support.loopback_server import Reply
from support.service import Service, csv_of


def test_watch_when_interrupted_leaves_the_batch_running(
    service: Service, image_source: ImageServer, tmp_path: Path
) -> None:
    go_on, photo = Event(), pictures.jpeg()

    def slowly(_: object) -> Reply:
        assert go_on.wait(25)
        return Reply(photo, "image/jpeg")

    file = tmp_path / "products.csv"
    file.write_bytes(csv_of([[image_source.add("/slow.jpg", slowly)]]))
    url = str(service.http.base_url).rstrip("/")
    with BackgroundCommand("submit", file, "--watch", "--url", url) as command:
        command.wait_for("Processing")
        assert command.end(signal.SIGINT) == 130
    go_on.set()
    (hint,) = [line for line in command.output.splitlines() if "imagebatch watch" in line]
    request_id = hint.split()[5]
    assert hint.endswith(f"--url {url}")
    assert service.finish(request_id)["status"] == "Completed"
