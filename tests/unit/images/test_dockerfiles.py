"""What the Dockerfiles say: every builder understands it, hashes are checked, and nothing is run by root."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {"Dockerfile.api": ("api", "operator", "migrations"), "Dockerfile.processor": ("processor",)}
ALL = [*SHIPPED, "hack/cluster/images/postgres.Dockerfile", "hack/cluster/images/seaweedfs.Dockerfile"]
ROOMS = {"api", "operator", "processor", "migrations", "cli", "embedded"}


def instructions(name: str) -> list[tuple[str, str]]:
    """Word and rest of each instruction, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


@pytest.mark.parametrize("name", ALL)
def test_dockerfile_when_built_by_any_builder_is_understood(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "# syntax=" not in text
    for word, rest in instructions(name):
        assert word in {
            "ARG",
            "FROM",
            "RUN",
            "COPY",
            "ENV",
            "LABEL",
            "WORKDIR",
            "USER",
            "STOPSIGNAL",
            "EXPOSE",
            "ENTRYPOINT",
            "CMD",
        }
        assert "<<" not in rest
        if word in ("RUN", "COPY"):
            assert re.findall(r"^--(?!from=)\S+", rest) == []


@pytest.mark.parametrize("name", ALL)
def test_base_when_none_is_given_has_a_default(name: str) -> None:
    (first, base), (_, stage), *_ = instructions(name)
    assert (first, base.split("=")[0]) == ("ARG", "BASE_IMAGE")
    assert stage.startswith("${BASE_IMAGE}")


@pytest.mark.parametrize("name", ALL)
def test_image_when_run_is_no_root(name: str) -> None:
    assert [rest for word, rest in instructions(name) if word == "USER"] == ["65532:65532"]


@pytest.mark.parametrize("name", SHIPPED)
def test_packages_when_installed_have_their_hashes_checked(name: str) -> None:
    (install,) = [rest for word, rest in instructions(name) if word == "RUN" and " install " in rest]
    assert "--require-hashes --only-binary :all:" in install
    default = {"${REQUIREMENTS}": "processor"}
    wanted = [default.get(stem, stem) + ".txt" for stem in re.findall(r"-r /build/(\S+)\.txt", install)]
    copied = " ".join(rest for word, rest in instructions(name) if word == "COPY")
    assert wanted
    assert all(f"requirements/{file}" in copied for file in wanted)


def test_processor_when_built_with_heic_has_what_it_has_without_and_libheif() -> None:
    assert ("ARG", "REQUIREMENTS=processor") in instructions("Dockerfile.processor")
    plain, heic = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / f"requirements/{name}.txt").read_text("utf-8"), re.MULTILINE))
        for name in ("processor", "processor-heic")
    )
    assert plain < heic
    assert [pin.split("==")[0] for pin in heic - plain] == ["pi-heif"]


@pytest.mark.parametrize(("name", "rooms"), SHIPPED.items())
def test_image_when_shipped_stands_on_nothing_and_holds_its_rooms_alone(name: str, rooms: tuple[str, ...]) -> None:
    stages = [rest for word, rest in instructions(name) if word == "FROM"]
    assert stages[-1] == "scratch"
    copied = {rest.split("/")[0] for word, rest in instructions(name) if word == "COPY" and "/packages/" in rest}
    assert copied == {"core", *rooms}
    assert copied & ROOMS == set(rooms)


@pytest.mark.parametrize("name", ALL)
def test_build_when_it_copies_is_sent_what_it_needs(name: str) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for word, rest in instructions(name):
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert any(source == each or source.startswith(f"{each}/") for each in allowed)
