"""A cluster of the user's own instead: kind, or a context of a kubeconfig. Only what is named is touched."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.images import qualified
from cluster.inspection import print_environment
from cluster.layout import CHECKOUT
from cluster.running import Refused, run, say, step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cluster.layout import Layout

KIND_CLUSTER = "imagebatch"


def _want(program: str) -> None:
    if shutil.which(program) is None:
        raise Refused(f"{program} is not on the PATH")


@dataclass(frozen=True)
class Kind:
    """A cluster of kind's, named imagebatch."""

    layout: Layout

    def up(self) -> None:
        """Have it; one that is there is used."""
        _want("kind")
        self.layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        if KIND_CLUSTER in run(["kind", "get", "clusters"]).split():
            run(["kind", "export", "kubeconfig", "--name", KIND_CLUSTER, "--kubeconfig", self.layout.kubeconfig])
            return
        with step(f"kind creates the cluster {KIND_CLUSTER}"):
            kubeconfig = ["--kubeconfig", str(self.layout.kubeconfig)]
            run(["kind", "create", "cluster", "--name", KIND_CLUSTER, "--wait", "120s", *kubeconfig])

    def down(self) -> None:
        """Delete it: of kind's clusters, the one of this name only."""
        _want("kind")
        run(["kind", "delete", "cluster", "--name", KIND_CLUSTER, "--kubeconfig", self.layout.kubeconfig])
        self.layout.kubeconfig.unlink(missing_ok=True)

    def status(self) -> int:
        """Print its nodes and pods."""
        print(run(["kubectl", "--kubeconfig", self.layout.kubeconfig, "get", "nodes,pods", "--all-namespaces"]), end="")
        return 0

    def load(self, name: str, dockerfile: Path, arguments: Sequence[str]) -> None:
        """Build with Docker and load into the node."""
        full = qualified(name)
        given = [part for argument in arguments for part in ("--build-arg", argument)]
        with step(f"building {full}"):
            run(["docker", "build", *given, "-f", dockerfile, "-t", full, CHECKOUT])
        with step(f"loading {full}"):
            run(["kind", "load", "docker-image", "--name", KIND_CLUSTER, full])

    def env(self) -> None:
        """Print what a program needs to use it."""
        print_environment({"KUBECONFIG": str(self.layout.kubeconfig), "KUBE_CONTEXT": f"kind-{KIND_CLUSTER}"})


@dataclass(frozen=True)
class Named:
    """A context of the user's kubeconfig: nothing is started there, nothing is ended."""

    context: str

    def up(self) -> None:
        """Only see whether it answers."""
        _want("kubectl")
        run(["kubectl", "--context", self.context, "get", "--raw", "/readyz"])
        say(f"the context {self.context} answers; nothing was started")

    def down(self) -> None:
        """Nothing was started, so nothing is ended."""
        say(f"the context {self.context} stays as it is: this program did not start it")

    def status(self) -> int:
        """Print its nodes."""
        print(run(["kubectl", "--context", self.context, "get", "nodes"]), end="")
        return 0

    def load(self, name: str, dockerfile: Path, arguments: Sequence[str]) -> None:
        """Refuse: only its owner knows where it takes images from."""
        raise Refused(f"build {dockerfile} and push {name} where the context {self.context} can pull it ({arguments})")

    def env(self) -> None:
        """Print what a program needs to use it."""
        given = {"KUBECONFIG": os.environ["KUBECONFIG"]} if os.environ.get("KUBECONFIG") else {}
        print_environment({**given, "KUBE_CONTEXT": self.context})


Elsewhere = Kind | Named


def chosen(layout: Layout) -> Elsewhere | None:
    """The cluster that CLUSTER asks for; None for the throw-away one."""
    match os.environ.get("CLUSTER", ""):
        case "":
            return None
        case "kind":
            return Kind(layout)
        case "kubeconfig" if os.environ.get("CONTEXT"):
            return Named(os.environ["CONTEXT"])
        case "kubeconfig":
            raise Refused("CLUSTER=kubeconfig needs the context by name: CONTEXT=NAME")
        case other:
            raise Refused(f"CLUSTER={other}: there are kind and kubeconfig; leave it out for a throw-away cluster")
