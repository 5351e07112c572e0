"""`imagebatch demo` from start to end, as `make demo` runs it."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import pictures
from support.command_line import BackgroundCommand, alive, descendants, imagebatch
from support.image_server import ImageServer
from support.open_folder import open_folder
from support.service import csv_of

LAST_LINE = re.compile(r"demo: (\d+) images compressed, (\d+) refused as expected, saved (\d+) %, webhook verified")
DEMO_SECONDS = 240


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def test_demo_when_all_goes_well_ends_with_its_line_and_keeps_the_results(folder: Path) -> None:
    ended = imagebatch("demo", "--data", folder / "demo", seconds=DEMO_SECONDS)
    assert ended.returncode == 0, ended.stderr
    last = LAST_LINE.fullmatch(ended.stdout.splitlines()[-1])
    assert last
    compressed, refused, saved = map(int, last.groups())
    assert (compressed, refused) == (30, 2)
    assert 50 < saved < 100
    results = folder / "demo" / "results"
    assert len(list((results / "images").iterdir())) == compressed
    assert (results / "output.csv").read_text().startswith("S. No.,Product Name,Input Image Urls,Output Image Urls")
    assert "webhook verified" in ended.stderr
    assert re.search(r"^table-large\.jpg\t4\.jpg\t[\d.]+ MB\t[\d.]+ kB\t\d+ %$", ended.stdout, re.MULTILINE)


def test_demo_when_given_a_file_runs_it(folder: Path, image_source: ImageServer, tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    file.write_bytes(csv_of([[photo, image_source.url("/gone.jpg")]]))
    settings = {
        "IMAGEBATCH_FETCH_ALLOW": image_source.allow,
        "IMAGEBATCH_DATABASE_URL": "postgresql://not-for-the-demo",
    }
    ended = imagebatch("demo", "--csv", file, "--data", folder / "demo", settings=settings, seconds=DEMO_SECONDS)
    assert ended.returncode == 0, ended.stderr
    last = LAST_LINE.fullmatch(ended.stdout.splitlines()[-1])
    assert last
    assert last.groups()[:2] == ("1", "1")


def test_demo_when_its_file_breaks_the_rules_lists_why_and_exits_3(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(b"S. No.,Product Name,Input Image Urls\r\n1,Chair,nothing\r\n")
    ended = imagebatch("demo", "--csv", file, "--data", folder / "demo", seconds=DEMO_SECONDS)
    assert ended.returncode == 3
    assert "2\tInput Image Urls\tmalformed_url" in ended.stdout
    assert not LAST_LINE.search(ended.stdout)


def test_demo_when_interrupted_stops_everything_and_exits_130(folder: Path) -> None:
    with BackgroundCommand("demo", "--data", folder / "demo") as command:
        command.wait_for("accepted as")
        children = descendants(command.pid)
        assert command.end(signal.SIGINT) == 130
    assert len(children) > 4
    assert alive(children) == []
    assert "the demo was stopped" in command.output
    assert not LAST_LINE.search(command.output)


def test_demo_when_the_folder_is_somebody_elses_exits_5(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    ended = imagebatch("demo", "--data", tmp_path)
    assert ended.returncode == 5
    assert "not the demo's" in ended.stderr
    assert (tmp_path / "thesis.txt").exists()
