"""The Debian packages that the cluster needs: only missing ones are installed, by name."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cluster.running import Refused, run, step

# A program, or a file by its path, and the package that brings it.
NEEDED = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "nft": "nftables",
    "ip": "iproute2",
    "openssl": "openssl",
    "mmdebstrap": "mmdebstrap",
    "buildah": "buildah",
    "unshare": "util-linux",
    "mount": "mount",
}


def missing() -> list[str]:
    """The packages whose program or file is not there."""
    return sorted({package for wanted, package in NEEDED.items() if not _is_there(wanted)} | _missing_venv())


def _is_there(wanted: str) -> bool:
    return Path(wanted).exists() if wanted.startswith("/") else shutil.which(wanted) is not None


def _missing_venv() -> set[str]:
    done = subprocess.run(["python3", "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return {"python3-venv"} if done.returncode else set()


def install_missing() -> None:
    """Have every package that is needed; no time where all are there."""
    packages = missing()
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise Refused(f"missing: {' '.join(packages)}. This works on Debian only; elsewhere take kind: CLUSTER=kind")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"installing Debian packages: {' '.join(packages)}"):
        run(["apt-get", "update", "-qq"], env=quiet)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)
