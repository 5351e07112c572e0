"""`imagebatch dev` as people run it: starts everything, mends it, keeps the data, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import pictures
from support.command_line import BackgroundCommand, alive, descendants, imagebatch
from support.image_server import ImageServer
from support.open_folder import open_folder
from support.service import csv_of
from support.waiting import eventually

from imagebatch_embedded.data_directory import DataDirectory, Ports
from imagebatch_embedded.demo.picture_server import SAMPLES_PORT, PictureServer
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.seaweed_server import SeaweedServer

SAMPLES = Path(__file__).resolve().parents[3] / "docs" / "samples" / "products.csv"


@pytest.fixture
def data() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


def dev(data: Path, *arguments: object, **settings: str) -> BackgroundCommand:
    return BackgroundCommand("dev", "--data", data, *arguments, settings=settings)


def address(running: BackgroundCommand) -> str:
    """Wait for the banner and return the service's address."""
    found = re.search(r"ImageBatch runs at (\S+)", running.wait_for("Try: imagebatch"))
    assert found
    return found[1]


def command_line(pid: int) -> bytes:
    """Return the arguments of a process; nothing when it has ended meanwhile, as those of Postgres come and go."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def readiness(url: str) -> int:
    try:
        with httpx.Client(trust_env=False) as client:
            return client.get(f"{url}/readyz").status_code
    except httpx.TransportError:
        return 0


def test_dev_when_stopped_and_started_again_keeps_everything(
    data: Path, image_source: ImageServer, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]]))
    with dev(data, "--port", free_port(), IMAGEBATCH_FETCH_ALLOW=image_source.allow) as first:
        url = address(first)
        status = json.loads(imagebatch("submit", file, "-w", "-o", "json", "--url", url).stdout)
        children = descendants(first.pid)
        assert first.end(signal.SIGINT) == 0
    assert alive(children) == []
    assert f"Stopped. Everything is kept in {data}." in first.output
    with dev(data) as second:
        assert address(second) == url
        assert json.loads(imagebatch("status", status["request_id"], "-o", "json", "--url", url).stdout) == status
        assert httpx.get(status["result_url"], trust_env=False).status_code == 200


def test_dev_when_running_says_where_everything_is(data: Path) -> None:
    with dev(data, "--port", free_port(), IMAGEBATCH_FETCH_ALLOW="10.0.0.0/8:80") as running:
        url = address(running)
        for place in (url, f"{url}/docs", data, data / "logs", data / "secrets" / "webhook-keys" / "default"):
            assert f" {place}\n" in running.output
        assert "the public internet and 10.0.0.0/8:80" in running.output
        assert "Nothing is lost" in running.output
        again = imagebatch("dev", "--data", data)
        assert again.returncode == 5
        assert "is in use by another `imagebatch dev`" in again.stderr
        assert running.end(signal.SIGTERM) == 0


def test_dev_when_a_part_dies_tells_it_and_starts_it_again(data: Path) -> None:
    with dev(data, "--port", free_port()) as running:
        url = address(running)
        (api,) = [child for child in descendants(running.pid) if b"imagebatch_api" in command_line(child)]
        os.kill(api, signal.SIGKILL)
        running.wait_for("api ended with -9; starting it again")
        eventually(lambda: readiness(url) == 200, 60, "the API's return")


def test_dev_when_killed_leaves_no_process_behind(data: Path) -> None:
    with dev(data, "--port", free_port()) as running:
        url = address(running)
        children = descendants(running.pid)
        assert len(children) > 4
        assert running.end(signal.SIGKILL) == -9
    eventually(lambda: not alive(children), 30, "the end of every child")
    assert readiness(url) == 0
    ports = Ports.read(data / "ports.json")
    SeaweedServer(data, ports.s3).stop()  # removes its sockets in /tmp, which nobody was left to do


def test_dev_when_asked_for_samples_runs_the_documented_csv(data: Path) -> None:
    with dev(data, "--samples", "--port", free_port()) as running:
        url = address(running)
        assert " http://127.0.0.1:8001\n" in running.output
        ended = imagebatch("submit", SAMPLES, "--watch", "-o", "json", "--url", url)
    assert json.loads(ended.stdout)["counts"] == {"total": 8, "pending": 0, "succeeded": 7, "failed": 1}


def test_dev_when_the_samples_port_is_taken_runs_without_and_allows_nothing(data: Path) -> None:
    with PictureServer(SAMPLES_PORT), dev(data, "--samples", "--port", free_port()) as running:
        address(running)
        assert "The sample pictures are not served" in running.output
        assert "127.0.0.1/32:8001" not in running.output


def test_dev_when_its_port_is_taken_says_so(data: Path, image_source: ImageServer) -> None:
    ended = imagebatch("dev", "--data", data, "--port", image_source.port)
    assert ended.returncode == 5
    assert f"port {image_source.port} is in use" in ended.stderr
    directory = DataDirectory(data)
    directory.open()  # and it let go of the data
    directory.close()
