"""The command line against a running service: submit, follow, read everything back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from support import pictures
from support.command_line import imagebatch
from support.image_server import ImageServer
from support.service import csv_of

from imagebatch_embedded.supervisor import Installation


@pytest.fixture
def batch_csv(tmp_path: Path, image_source: ImageServer) -> Path:
    """Two pictures that succeed and one that is not there."""
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    logo = image_source.add("/logo.png", pictures.png(alpha=True))
    file = tmp_path / "products.csv"
    file.write_bytes(csv_of([[photo, logo], [image_source.url("/gone.jpg")]]))
    return file


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    return {"IMAGEBATCH_URL": installation.api_url}


@pytest.fixture
def request_id(batch_csv: Path, settings: dict[str, str]) -> str:
    """The id of a batch that ended."""
    ended = imagebatch("submit", batch_csv, "--watch", "-o", "json", settings=settings)
    assert ended.returncode == 0, ended.stderr
    return str(json.loads(ended.stdout)["request_id"])


def test_submit_when_watched_prints_the_end_in_plain_lines(batch_csv: Path, settings: dict[str, str]) -> None:
    ended = imagebatch("submit", batch_csv, "--watch", settings=settings)
    assert ended.returncode == 0
    assert "status     Completed (PartiallySucceeded)" in ended.stdout
    assert "3 of 3 done" in ended.stdout
    assert "Completed (PartiallySucceeded): 2 succeeded, 1 failed, 3 of 3 done" in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr


def test_status_when_the_batch_ended_prints_the_services_answer(request_id: str, settings: dict[str, str]) -> None:
    ended = imagebatch("status", request_id, "-o", "json", settings=settings)
    assert json.loads(ended.stdout)["counts"] == {"total": 3, "pending": 0, "succeeded": 2, "failed": 1}


def test_watch_when_the_batch_ended_returns_at_once(request_id: str, settings: dict[str, str]) -> None:
    assert imagebatch("watch", request_id, settings=settings).returncode == 0


def test_errors_when_an_image_failed_names_it(request_id: str, settings: dict[str, str]) -> None:
    lines = imagebatch("errors", request_id, settings=settings).stdout.splitlines()
    assert len(lines) == 2
    assert "http_404" in lines[1].split("\t")


def test_results_when_piped_are_the_output_csv(request_id: str, settings: dict[str, str]) -> None:
    ended = imagebatch("results", request_id, settings=settings)
    header, *rows = csv.reader(io.StringIO(ended.stdout))
    assert header[-1] == "Output Image Urls"
    assert [len([url for url in row[-1].split(",") if url]) for row in rows] == [2, 0]


def test_results_when_images_are_wanted_are_files_that_open(
    request_id: str, settings: dict[str, str], tmp_path: Path
) -> None:
    ended = imagebatch("results", request_id, "--to", tmp_path / "out", "--images", settings=settings)
    assert ended.returncode == 0, ended.stderr
    names = sorted(str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.*"))
    assert names == ["errors.csv", "images/0.jpg", "images/1.png", "output.csv", "report.json"]
    assert (tmp_path / "out" / "images" / "0.jpg").read_bytes().startswith(b"\xff\xd8\xff")


def test_submit_when_options_are_given_writes_images_so(
    batch_csv: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    ended = imagebatch("submit", batch_csv, "--watch", "-o", "json", "--format", "webp", settings=settings)
    request_id = json.loads(ended.stdout)["request_id"]
    imagebatch("results", request_id, "--to", tmp_path, "--images", settings=settings)
    assert sorted(file.name for file in (tmp_path / "images").iterdir()) == ["0.webp", "1.webp"]


def test_validate_when_rows_are_bad_lists_each(settings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(b"S. No.,Product Name,Input Image Urls\r\nx,Chair,https://a.example/1\r\n2,,ftp://a.example/2\r\n")
    ended = imagebatch("validate", file, settings=settings)
    assert ended.returncode == 3
    found = [line.split("\t")[:3] for line in ended.stdout.splitlines()[1:]]
    assert found == [
        ["2", "S. No.", "bad_serial_number"],
        ["3", "Product Name", "empty_product_name"],
        ["3", "Input Image Urls", "unsupported_scheme"],
    ]


def test_validate_when_the_file_is_good_stores_nothing(
    batch_csv: Path, settings: dict[str, str], image_source: ImageServer
) -> None:
    ended = imagebatch("validate", batch_csv, "-o", "json", settings=settings)
    assert (ended.returncode, json.loads(ended.stdout)["images"]) == (0, 3)
    assert image_source.requests == []


def test_status_when_the_id_is_unknown_exits_3(settings: dict[str, str]) -> None:
    ended = imagebatch("status", "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11", settings=settings)
    assert (ended.returncode, ended.stdout) == (3, "")
