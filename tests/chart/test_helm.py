"""Helm's own checks, names under other releases, and the plain YAML in manifests/."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import helm
import pytest
import yaml
from support import chart

import manifests


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm.helm(), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("values", [chart.STORE, chart.EVERYTHING], ids=["least", "everything"])
def test_chart_when_linted_is_clean(values: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(json.dumps(values))
    answer = run("lint", "--strict", str(helm.CHART), "--values", str(tmp_path / "values.json"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "[WARNING]" not in answer.stdout


@pytest.mark.parametrize(("version", "taken"), [("1.30.9", False), ("1.31.0", True), ("1.34.4-gke.100", True)])
def test_chart_when_the_cluster_is_too_old_is_refused(version: str, taken: bool) -> None:
    answer = helm.template(*manifests.STORE, "--kube-version", version)
    assert (answer.returncode == 0) is taken
    assert taken or "incompatible with Kubernetes" in answer.stderr


@pytest.mark.parametrize(
    ("release", "given", "name"),
    [
        ("imagebatch", (), "imagebatch"),
        ("shop", (), "shop-imagebatch"),
        ("shop-imagebatch", (), "shop-imagebatch"),
        ("shop", ("--set", "nameOverride=pictures"), "shop-pictures"),
        ("shop", ("--set", "fullnameOverride=pictures"), "pictures"),
        ("a" * 53, (), "a" * 40),
    ],
)
def test_names_when_the_release_has_any_name_are_short_and_say_whose_they_are(
    release: str, given: tuple[str, ...], name: str
) -> None:
    answer = run("template", release, str(helm.CHART), *manifests.STORE, *given)
    found = [each["metadata"]["name"] for each in yaml.safe_load_all(answer.stdout) if each]
    ours = [each for each in found if each != "imagebatches.imagebatch.io"]
    assert ours
    assert [each for each in ours if not each.startswith(f"{name}-") or len(each) > 63] == []


@pytest.mark.parametrize("path", manifests.pages(), ids=lambda path: path.name)
def test_manifest_when_the_chart_changes_is_written_again(path: Path) -> None:
    assert path.read_text("utf-8") == manifests.pages()[path], "run `make fmt`"


def test_manifests_when_applied_bring_what_the_chart_does() -> None:
    written = [each for text in manifests.pages().values() for each in yaml.safe_load_all(text) if each]
    hooks = chart.hooks()
    wanted = {(each["kind"], each["metadata"]["name"]) for each in chart.objects() if each not in hooks}
    assert {(each["kind"], each["metadata"]["name"]) for each in written} == {*wanted, ("Namespace", "imagebatch")}


@pytest.mark.parametrize("values", [chart.STORE, chart.EVERYTHING], ids=["least", "everything"])
def test_notes_when_installed_say_what_to_do_next(values: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(json.dumps(values))
    given = ("--values", str(tmp_path / "values.json"), "--dry-run=client", "--namespace", "shop")
    notes = run("install", "imagebatch", str(helm.CHART), *given).stdout.partition("NOTES:")[2]
    for words in ("rollout status", "/upload", "get imagebatches -w", "helm -n shop uninstall imagebatch"):
        assert words in notes
    assert ("NOT FOR PRODUCTION" in notes) is (values is chart.EVERYTHING)
    assert ("port-forward" in notes) is (values is chart.STORE)
