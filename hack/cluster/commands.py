"""The command line of the throw-away cluster: hack/cluster/ctl COMMAND."""

from __future__ import annotations

import argparse
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from cluster import elsewhere, images, inspection, lifecycle
from cluster.components import component
from cluster.layout import Layout, layout_from
from cluster.machine import recall
from cluster.running import Refused, say, step
from cluster.supervision import GRACE_SECONDS, start_component, stop_component
from cluster.turns import turn

# They change the cluster: one of them at a time.
CHANGES = {"up", "down", "start", "stop", "restart"}


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    top = argparse.ArgumentParser(prog="hack/cluster/ctl", description="A throw-away Kubernetes on this machine.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="have a cluster: build what is missing, start what does not run")
    commands.add_parser("able", help="tell whether this machine can have one; exit 1 and say why not")
    commands.add_parser("down", help="end it and leave nothing behind but the cache")
    commands.add_parser("status", help="show components, nodes and pods; exit 1 if something is not well")
    commands.add_parser("env", help="print KEY=VALUE lines with what is needed to use it")
    logs = commands.add_parser("logs", help="print the end of every log, the events and what the pods say")
    logs.add_argument("component", nargs="?", help="follow this component's log instead")
    for name, does in (("start", "start"), ("stop", "end"), ("restart", "end and start")):
        command = commands.add_parser(name, help=f"{does} one component")
        command.add_argument("component")
        if name != "start":
            command.add_argument("--kill", action="store_true", help="kill it, without asking it to end first")
    load = commands.add_parser("load-image", help="build a Dockerfile on the base image and put it into the cluster")
    load.add_argument("name", help="name:tag; localhost/ is put before it where it has no registry")
    load.add_argument("dockerfile", type=Path)
    load.add_argument("--build-arg", action="append", default=[], metavar="KEY=VALUE")
    return top


def main() -> int:
    """Run one command; 1 with one line when it refuses."""
    given = parser().parse_args()
    try:
        layout = layout_from(os.environ, Path.home())
        other = elsewhere.chosen(layout)
        with _alone(layout, given.command):
            return _elsewhere(other, given) if other else _here(layout, given)
    except Refused as refused:
        say(str(refused))
        return 1
    except KeyboardInterrupt:
        say("interrupted; hack/cluster/ctl down ends what was started")
        return 130


def _alone(layout: Layout, command: str) -> AbstractContextManager[None]:
    return turn(layout, "cluster") if command in CHANGES else nullcontext()


def _here(layout: Layout, given: argparse.Namespace) -> int:
    match given.command:
        case "up":
            lifecycle.up(layout)
        case "able":
            lifecycle.want_means()
        case "down":
            lifecycle.down(layout)
        case "status":
            return inspection.status(layout)
        case "env":
            inspection.print_environment(inspection.environment(layout, os.environ.get("PATH", "")))
        case "logs" if given.component:
            return inspection.follow(layout, given.component)
        case "logs":
            return inspection.logs(layout)
        case "load-image":
            _want_cluster(layout)
            images.load(layout, given.name, given.dockerfile, given.build_arg)
        case command:
            _want_cluster(layout)
            _one_component(layout, command, given)
    return 0


def _want_cluster(layout: Layout) -> None:
    if recall(layout) is None:
        raise Refused("there is no cluster; start one: make cluster-up")


def _one_component(layout: Layout, command: str, given: argparse.Namespace) -> None:
    one = component(given.component)
    if command in ("stop", "restart"):
        with step(f"ending {one.name}"):
            stop_component(layout, one, 0 if given.kill else GRACE_SECONDS)
    if command in ("start", "restart"):
        with step(f"starting {one.name}"):
            start_component(layout, one)


def _elsewhere(other: elsewhere.Elsewhere, given: argparse.Namespace) -> int:
    match given.command:
        case "able":
            pass
        case "up":
            other.up()
        case "down":
            other.down()
        case "status":
            return other.status()
        case "env":
            other.env()
        case "load-image":
            other.load(given.name, given.dockerfile, given.build_arg)
        case command:
            raise Refused(f"{command} is for the throw-away cluster only: leave CLUSTER out, or use kubectl")
    return 0
