"""Starting and ending components, by name or all of them."""

from __future__ import annotations

import platform
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.components import log_of, running
from cluster.processes import end, is_alive, start
from cluster.running import Refused, step, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.components import Component
    from cluster.layout import Layout

READY_SECONDS = 60
GRACE_SECONDS = 8
LAST_LINES = 15


def environment(layout: Layout, one: Component) -> dict[str, str]:
    """What a component sees of the environment: nothing of the caller's, which several read their options from."""
    seen = {"PATH": f"{layout.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    seen |= {"HOME": str(layout.state), "LANG": "C.UTF-8"}
    # Debian's etcd starts on other processors only when told so.
    if platform.machine() == "aarch64":
        seen["ETCD_UNSUPPORTED_ARCH"] = "arm64"
    return seen | dict(one.environment(layout))


def start_component(layout: Layout, one: Component, seconds: float = READY_SECONDS) -> None:
    """Have a component run and be ready; no time where it is."""
    process = running(layout, one)
    if process is None:
        log = Path(log_of(layout, one))
        record = layout.processes / f"{one.name}.json"
        process = start(one.arguments(layout), log, record, environment(layout, one))
    started = process

    def ready_or_dead() -> bool:
        return one.is_ready(layout) or not is_alive(started)

    try:
        wait_until(ready_or_dead, seconds, f"{one.name} is ready")
    except Refused as late:
        raise Refused(f"{late}. Its last words:\n{last_words(layout, one)}") from None
    if not is_alive(started):
        raise Refused(f"{one.name} ended at once. Its last words:\n{last_words(layout, one)}")


def start_together(layout: Layout, several: Iterable[Component]) -> None:
    """Start components that need not wait for one another, and wait for all of them."""
    refusals: list[Refused] = []

    def attempt(one: Component) -> None:
        try:
            with step(f"starting {one.name}"):
                start_component(layout, one)
        except Refused as refused:
            refusals.append(refused)

    threads = [threading.Thread(target=attempt, args=(one,)) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refusals:
        raise refusals[0]


def stop_component(layout: Layout, one: Component, grace_seconds: float = GRACE_SECONDS) -> bool:
    """End a component; whether it ran. Without grace it is killed at once."""
    process = running(layout, one)
    if process is not None:
        end(process, grace_seconds)
    (layout.processes / f"{one.name}.json").unlink(missing_ok=True)
    return process is not None


def last_words(layout: Layout, one: Component) -> str:
    """The end of a component's log."""
    return subprocess.run(
        ["tail", "-n", str(LAST_LINES), log_of(layout, one)], capture_output=True, text=True, check=False
    ).stdout
