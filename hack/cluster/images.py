"""Images of the cluster: its own two, and those that people build. Built by buildah, without a daemon or a registry.

Layers stay in the cache. Every buildah runs in a mount namespace of its own, so its mounts end with it.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.layout import BASE_IMAGE, BUILDS, CHECKOUT, PAUSE_IMAGE, TOOLS
from cluster.programs import MODULES, built_in, key_of
from cluster.running import Refused, run, step
from cluster.turns import turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cluster.layout import Layout

# What images find in python:*-slim: python, pip, and the roots of trust.
BASE_PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
BASE_VARIANT = ("--variant=minbase", f"--include={BASE_PACKAGES}")
BASE_DOCKERFILE = """FROM scratch
ADD root.tar /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
CMD ["python3"]
"""
PIP_KEYS = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "cert"}
PIP_LINE = re.compile(r"^(?P<scope>\S+?)\.(?P<key>[a-z-]+)=(?P<value>'.*'|\".*\")$")


def pip_configuration(told: str) -> str:
    """One pip.conf that says what `pip config list` does: how to reach the package index from this machine."""
    scopes: dict[str, dict[str, str]] = {}
    for line in told.splitlines():
        found = PIP_LINE.match(line)
        if found and found["key"] in PIP_KEYS:
            scopes.setdefault(found["scope"], {})[found["key"]] = ast.literal_eval(found["value"])
    merged: dict[str, str] = {}
    for scope in ("global", "install", ":env:"):
        merged |= scopes.get(scope, {})
    # The continuation of a value with several lines is indented.
    lines = [f"{key} = {value.strip()}".replace("\n", "\n  ") for key, value in sorted(merged.items())]
    return "\n".join(["[global]", *lines]) + "\n"


def buildah(layout: Layout, *arguments: str | Path) -> str:
    """Run buildah on the storage in the cache."""
    scratch = layout.cache / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    storage = [f"--root={layout.cache}/buildah", f"--runroot={BUILDS}"]
    return run(
        ["unshare", "--mount", "buildah", *storage, *arguments],
        env={**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(scratch)},
    )


def _has_image(layout: Layout, name: str) -> bool:
    try:
        buildah(layout, "inspect", "--type", "image", "--format", "{{.FromImageID}}", name)
    except Refused:
        return False
    return True


@contextmanager
def _scratch(layout: Layout) -> Iterator[Path]:
    layout.images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layout.images) as folder:
        yield Path(folder)


def _archive(layout: Layout, name: str, target: Path) -> None:
    with _scratch(layout) as folder:
        # Not compressed: it is read once, on this machine.
        buildah(layout, "push", "--quiet", "--disable-compression", name, f"oci-archive:{folder}/image.oci:{name}")
        (folder / "image.oci").replace(target)


def build(layout: Layout, name: str, dockerfile: Path, arguments: Sequence[str], context: Path) -> None:
    """Build a Dockerfile. The build sees this machine's certificates and pip's configuration, the image does not."""
    with _scratch(layout) as folder:
        volumes: list[str | Path] = []
        if Path("/etc/ssl/certs").is_dir():
            volumes += ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"]
        (folder / "pip.conf").write_text(pip_configuration(_pip_settings()), "utf-8")
        volumes += ["--volume", f"{folder}/pip.conf:/etc/pip.conf:ro"]
        given = [part for argument in arguments for part in ("--build-arg", argument)]
        buildah(layout, "bud", "--layers", "--network", "host", *volumes, *given, "-f", dockerfile, "-t", name, context)


def _pip_settings() -> str:
    pip = shutil.which("pip3") or shutil.which("pip")
    return run([pip, "config", "list"]) if pip else ""


def pause_archive(layout: Layout) -> Path:
    """The archive of the image that holds a pod's namespaces; built when it is not there."""
    folder = next(built_in(module, layout.cache) for module in MODULES if module.name == "pause")
    target = layout.images / f"{folder.name}.oci"
    if not target.exists():
        with step("building the pause image"), _scratch(layout) as context:
            shutil.copy(folder / "pause", context)
            buildah(layout, "bud", "-f", TOOLS / "pause" / "Dockerfile", "-t", PAUSE_IMAGE, context)
            _archive(layout, PAUSE_IMAGE, target)
    return target


def base_archive(layout: Layout) -> Path:
    """The archive of the image that ours are built from here; built when it is not there."""
    target = layout.images / f"base-{key_of(BASE_DOCKERFILE, *BASE_VARIANT, debian_suite())}.oci"
    if not target.exists():
        with step(f"building {BASE_IMAGE} from Debian packages"), _scratch(layout) as context:
            run(["mmdebstrap", *BASE_VARIANT, debian_suite(), context / "root.tar"])
            (context / "Dockerfile").write_text(BASE_DOCKERFILE, "utf-8")
            buildah(layout, "bud", "-t", BASE_IMAGE, context)
            _archive(layout, BASE_IMAGE, target)
    return target


def debian_suite() -> str:
    """The release of Debian that this machine runs."""
    told = Path("/etc/os-release").read_text("utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)$", told, re.MULTILINE)
    return found[1] if found and re.search(r"^ID=debian$", told, re.MULTILINE) else "bookworm"


def bring(layout: Layout, archive: Path) -> None:
    """Put an archive's image into the cluster's containerd."""
    run(["ctr", "-a", layout.containerd_socket, "-n", "k8s.io", "images", "import", archive])


def load(layout: Layout, name: str, dockerfile: Path, arguments: Sequence[str]) -> None:
    """Build a Dockerfile of the checkout on the base image, and put it into the cluster."""
    if not dockerfile.is_file():
        raise Refused(f"there is no file {dockerfile}")
    with turn(layout, "images"):
        _load(layout, qualified(name), dockerfile, arguments)


def _load(layout: Layout, full: str, dockerfile: Path, arguments: Sequence[str]) -> None:
    base = base_archive(layout)
    if not _has_image(layout, BASE_IMAGE):
        with step(f"taking {BASE_IMAGE} from the cache"):
            buildah(layout, "tag", buildah(layout, "pull", "--quiet", f"oci-archive:{base}").strip(), BASE_IMAGE)
    with step(f"building {full}"):
        build(layout, full, dockerfile, [f"BASE_IMAGE={BASE_IMAGE}", *arguments], CHECKOUT)
    with step(f"loading {full}"), _scratch(layout) as folder:
        _archive(layout, full, folder / "loaded.oci")
        bring(layout, folder / "loaded.oci")


def qualified(name: str) -> str:
    """The name with a tag and a registry, as containerd knows it: localhost where none is named."""
    first, slash, _ = name.partition("/")
    hosted = bool(slash) and ("." in first or ":" in first or first == "localhost")
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return tagged if hosted else f"localhost/{tagged}"
