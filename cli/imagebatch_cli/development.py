"""`imagebatch dev`: the whole service on this machine until Ctrl-C, and what to know about it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured
from imagebatch_cli.errors import MachineFault
from imagebatch_cli.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imagebatch_cli.terminal import Terminal
    from imagebatch_embedded.supervisor import Installation

FETCH_ALLOW = "IMAGEBATCH_FETCH_ALLOW"
WEBHOOK_ALLOW = "IMAGEBATCH_WEBHOOK_ALLOW"


def run_development(
    data: Path, port: int | None, environ: Mapping[str, str], terminal: Terminal, *, samples: bool
) -> None:
    """Start everything in `data`, say where it is, and run until Ctrl-C or SIGTERM. Raises MachineFault."""
    from imagebatch_embedded.background import running
    from imagebatch_embedded.data_directory import DataDirectory
    from imagebatch_embedded.supervisor import Supervisor

    started = False
    try:
        with interruptible(), ExitStack() as stack:
            settings = dict(environ)
            served = _serve_samples(stack, settings, terminal) if samples else None
            supervisor = Supervisor(DataDirectory(data), settings, api_port=port, tell=terminal.tell)
            background = stack.enter_context(running(supervisor))
            started = True
            for line in banner(background.installation, settings, served):
                terminal.line(line)
            background.wait()
    except Misconfigured as error:
        raise MachineFault(error.message) from error
    except KeyboardInterrupt:
        if not started:
            raise
        terminal.tell(f"Stopped. Everything is kept in {data}.")


def _serve_samples(stack: ExitStack, settings: dict[str, str], terminal: Terminal) -> str | None:
    """Serve the sample pictures and allow fetching from exactly there; None, and told, where their port is taken."""
    from imagebatch_embedded.demo.picture_server import SAMPLES_PORT, PictureServer

    try:
        server = stack.enter_context(PictureServer(SAMPLES_PORT))
    except Misconfigured as error:
        terminal.tell(f"The sample pictures are not served: {error.message}.", "yellow")
        return None
    allow(settings, FETCH_ALLOW, server.allow)
    return server.url


def allow(settings: dict[str, str], variable: str, entry: str) -> None:
    """Add an entry to an allow-list."""
    settings[variable] = ",".join(filter(None, (settings.get(variable), entry)))


def banner(installation: Installation, settings: Mapping[str, str], samples: str | None) -> list[str]:
    """Return what to know about a running installation, line by line."""
    url = installation.api_url
    sample = "docs/samples/products.csv" if samples else "FILE.csv"
    given = f" --url {url}" if not url.endswith(":8000") else ""
    places = [
        ("API reference", f"{url}/docs"),
        ("health", f"{url}/readyz, {url}/metrics"),
        ("Postgres", installation.postgres or "your own"),
        ("S3", installation.s3 or "your own"),
        ("sample pictures", samples or "not served; --samples does"),
        ("data", str(installation.data)),
        *_moved(installation),
        ("logs", str(installation.logs)),
        ("webhook key", str(installation.data / "secrets" / "webhook-keys" / "default")),
        ("may fetch from", f"the public internet{_also(settings, FETCH_ALLOW)}"),
        ("may notify", f"the public internet{_also(settings, WEBHOOK_ALLOW)}"),
    ]
    return [
        "",
        f"ImageBatch runs at {url}",
        "",
        *(f"  {name:<16} {place}" for name, place in places),
        "",
        "Ctrl-C stops it. Nothing is lost then: the data directory keeps all, and the next start goes on with it.",
        f"Try: imagebatch submit {sample} --watch{given}",
        f"  or curl -F file=@{sample} {url}/upload",
    ]


def _moved(installation: Installation) -> list[tuple[str, str]]:
    """Return where the database's files are, if they could not be in the data directory."""
    folder = installation.postgres_folder
    return [] if folder is None or folder.parent == installation.data else [("database files", str(folder))]


def _also(settings: Mapping[str, str], variable: str) -> str:
    """Return the allow-list as words; where it is empty, the variable that would hold it."""
    extra = settings.get(variable)
    return f" and {extra}" if extra else f" ({variable} allows more)"
