"""Writes manifests/crd.yaml and install.yaml: the chart as plain YAML, for those without Helm (`make fmt`).

Its hooks are left out: kubectl would run at once what ends the Jobs of a release that is removed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helm import CHART, rendered

if TYPE_CHECKING:
    from pathlib import Path

MANIFESTS = CHART.parents[1] / "manifests"
# The one value without a default; people put their own address here.
STORE = ("--set", "store.endpoint=https://s3.example.com")
INSTALL = """\
# ImageBatch in the namespace `imagebatch`, as the chart renders it; crd.yaml goes first. Which Secrets it wants, and
# what to put in place of https://s3.example.com and of the images' names: docs/how-to/install-on-kubernetes.md.
# Written by `make fmt`: edit the chart.
apiVersion: v1
kind: Namespace
metadata:
  name: imagebatch
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
CRD = "# The ImageBatch definition, as the chart renders it. Written by `make fmt`: edit charts/imagebatch/crd.\n"
OF_HELM = re.compile(r"\s*(# Source: .*|app\.kubernetes\.io/managed-by: Helm|helm\.sh/.*)?")


def pages() -> dict[Path, str]:
    """Return what belongs into each file."""
    definition = rendered(*STORE, "--set", "crd.keep=false", "--show-only", "templates/crd.yaml")
    return {
        MANIFESTS / "crd.yaml": CRD + plain(definition),
        MANIFESTS / "install.yaml": INSTALL + plain(rendered(*STORE, "--no-hooks", "--set", "crd.enabled=false")),
    }


def plain(text: str) -> str:
    """Return a rendering without what only Helm has a use for."""
    return "".join(f"{line}\n" for line in text.splitlines() if not OF_HELM.fullmatch(line))


def main() -> None:
    """Write the files."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
