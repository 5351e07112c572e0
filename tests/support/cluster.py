"""A real Kubernetes for tests: the throw-away one of hack/cluster, or the one that it was told to use."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from kubernetes import client, config

ROOT = Path(__file__).resolve().parents[2]
CTL = ROOT / "hack" / "cluster" / "ctl"
UP_SECONDS = 1_800  # the first one builds Kubernetes
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


class Refused(Exception):
    """What a program said that did not end with 0."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers: the environment that programs need to reach it, and a client of its API."""

    environment: Mapping[str, str]
    api: client.ApiClient

    def kubectl(self, *arguments: object, given: str | None = None, seconds: float = 60) -> str:
        """Return what kubectl printed; `given` is its standard input. Raises Refused with its words."""
        argv = ["kubectl", "--context", self.environment["KUBE_CONTEXT"], *map(str, arguments)]
        return self.run(argv, given=given, seconds=seconds)

    @contextmanager
    def watching(self, *arguments: object) -> Iterator[list[str]]:
        """What a kubectl that goes on until it is stopped prints, line by line as it comes."""
        argv = ["/usr/bin/env", "kubectl", "--context", self.environment["KUBE_CONTEXT"], *map(str, arguments)]
        lines: list[str] = []
        with subprocess.Popen(argv, env=dict(self.environment), stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            reader = threading.Thread(target=lines.extend, args=(program.stdout,), daemon=True)
            reader.start()
            try:
                yield lines
            finally:
                program.terminate()
                reader.join()

    def run(self, argv: list[str], *, given: str | None = None, seconds: float = 60) -> str:
        """Return what one of the cluster's programs printed. Raises Refused with its words."""
        return _run(argv, self.environment, given=given, seconds=seconds)

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A namespace of its own, at the level restricted of Pod Security. It is left to go on its own."""
        name = f"test-{uuid4().hex[:10]}"
        core = client.CoreV1Api(self.api)
        core.create_namespace({"metadata": {"name": name, "labels": RESTRICTED}})
        try:
            yield name
        finally:
            core.delete_namespace(name)


def cluster_that_is_up() -> Cluster:
    """Start the throw-away cluster unless it is there, and return it. `make cluster-down` ends it."""
    _run([str(CTL), "up"], os.environ, seconds=UP_SECONDS)
    told = _run([str(CTL), "env"], os.environ, seconds=60)
    environment = {**os.environ, **_variables(told)}
    return Cluster(
        environment, config.new_client_from_config(environment["KUBECONFIG"], context=environment["KUBE_CONTEXT"])
    )


def _variables(text: str) -> dict[str, str]:
    """Return the variables that lines for a shell set."""
    words = shlex.split(text)
    return dict(word.split("=", 1) for word in words if "=" in word)


def _run(argv: list[str], environment: Mapping[str, str], *, seconds: float, given: str | None = None) -> str:
    # Found on the PATH that is given, not on that of this process.
    done = subprocess.run(
        ["/usr/bin/env", *argv],
        env=environment,
        input=given,
        stdin=None if given is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(f"{' '.join(argv[:4])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
