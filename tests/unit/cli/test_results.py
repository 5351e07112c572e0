"""`results`: the CSV on standard output, or everything in a folder, whole files only."""

from __future__ import annotations

import json

import pytest
import requests
from support.played_service import REQUEST_ID, URL, Played, status

RESULTS = f"GET /results/{REQUEST_ID}"
IMAGE = f"{URL}/results/{REQUEST_ID}/images"
IMAGES = [
    {"url": "https://a.example/0", "output_url": f"{IMAGE}/0.jpg?t=a", "bytes_out": 4},
    {"url": "https://a.example/1", "output_url": None, "code": "http_404"},
    {"url": "https://a.example/2", "output_url": f"{IMAGE}/2.png?t=b", "bytes_out": 3},
]


@pytest.fixture(autouse=True)
def _answers(service):
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status())
    service.answers[f"{RESULTS}/output.csv?t=x"] = Played("1,Stuhl für zwei,…\r\n".encode())
    service.answers[f"{RESULTS}/errors.csv?t=x"] = Played(b"errors")
    service.answers[f"{RESULTS}/report.json?t=x"] = Played.json({"images": IMAGES})
    service.answers[f"{RESULTS}/images/0.jpg?t=a"] = Played(b"jpeg")
    service.answers[f"{RESULTS}/images/2.png?t=b"] = Played(b"png")


def test_results_when_nothing_is_asked_for_passes_the_csv_on_unchanged(run):
    ended = run("results", REQUEST_ID)
    assert (ended.code, ended.out) == (0, "1,Stuhl für zwei,…\r\n")


def test_results_when_a_folder_is_named_saves_the_files(run, tmp_path):
    assert run("results", REQUEST_ID, "--to", tmp_path / "new" / "folder").code == 0
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == [
        "errors.csv",
        "output.csv",
        "report.json",
    ]


def test_results_when_images_are_wanted_saves_those_that_have_an_output(run, tmp_path):
    ended = run("results", REQUEST_ID, "--to", tmp_path, "--images", "-o", "json")
    assert (ended.code, json.loads(ended.out)["images"]) == (0, 2)
    saved = {file.name: file.read_bytes() for file in (tmp_path / "images").iterdir()}
    assert saved == {"0.jpg": b"jpeg", "2.png": b"png"}


def test_results_when_run_again_fetches_only_what_is_missing(run, service, tmp_path):
    run("results", REQUEST_ID, "--to", tmp_path, "--images")
    (tmp_path / "images" / "2.png").unlink()
    service.requests.clear()
    assert run("results", REQUEST_ID, "--to", tmp_path, "--images").code == 0
    assert [each.path_url for each in service.requests if "images" in each.path_url] == [
        f"/results/{REQUEST_ID}/images/2.png?t=b"
    ]


def test_results_when_an_image_is_lost_saves_the_others_and_exits_1(run, service, tmp_path):
    service.answers[f"{RESULTS}/images/0.jpg?t=a"] = Played.json({"detail": "There is no such file."}, 404)
    ended = run("results", REQUEST_ID, "--to", tmp_path, "--images")
    assert ended.code == 1
    assert "There is no such file." in ended.err
    assert [file.name for file in (tmp_path / "images").iterdir()] == ["2.png"]


def test_results_when_a_link_names_another_folder_writes_nothing_there(run, service, tmp_path):
    evil = {"output_url": "http://127.0.0.1:8000/images/..?t=x", "url": "https://a.example/0"}
    service.answers[f"{RESULTS}/report.json?t=x"] = Played.json({"images": [evil]})
    ended = run("results", REQUEST_ID, "--to", tmp_path, "--images")
    assert ended.code == 1
    assert "is no link to an output image" in ended.err


def test_results_when_a_folder_cannot_be_made_exits_5(run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = run("results", REQUEST_ID, "--to", tmp_path / "file" / "folder")
    assert ended.code == 5
    assert "cannot be made" in ended.err


def test_results_when_the_service_is_gone_leaves_no_half_file(run, service, tmp_path):
    service.answers[f"{RESULTS}/report.json?t=x"] = requests.ConnectionError("gone")
    assert run("results", REQUEST_ID, "--to", tmp_path).code == 4
    assert not list(tmp_path.glob("*.part"))


def test_results_when_there_is_no_output_says_why(run, service):
    answer = status("Failed", "InfrastructureError", result_url=None, message="The store is gone.")
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(answer)
    ended = run("results", REQUEST_ID)
    assert (ended.code, ended.err) == (1, "imagebatch: The batch has no results: The store is gone.\n")
