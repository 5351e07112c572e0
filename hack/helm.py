"""Helm, to render the chart: the one that HELM names, the PATH's, or the throw-away cluster's, built if missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from cluster.layout import layout_from
from cluster.programs import MODULES, build_missing, built_in

CHART = Path(__file__).resolve().parents[1] / "charts" / "imagebatch"


@cache
def helm() -> str:
    """Return the program."""
    found = os.environ.get("HELM") or shutil.which("helm")
    if found:
        return found
    layout = layout_from(os.environ, Path.home())
    (module,) = (module for module in MODULES if module.name == "helm")
    build_missing(layout, [module])
    return str(built_in(module, layout.cache) / "helm")


def template(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Render the chart; what went wrong is in the answer."""
    command = [helm(), "template", "imagebatch", str(CHART), "--namespace", "imagebatch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(*arguments: str) -> str:
    """Return the rendered chart. Raises CalledProcessError."""
    answer = template(*arguments)
    answer.check_returncode()
    return answer.stdout
