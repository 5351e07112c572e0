"""The demo from start to end: an installation of its own, the sample pictures' server, a receiver, one batch."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from imagebatch.model.errors import Misconfigured
from imagebatch_cli.client import connect
from imagebatch_cli.commands.upload import told
from imagebatch_cli.demo import story
from imagebatch_cli.demo.expectations import unmet, unmet_by_any
from imagebatch_cli.demo.seen import Seen, gather
from imagebatch_cli.development import FETCH_ALLOW, WEBHOOK_ALLOW, allow
from imagebatch_cli.errors import CommandError, Interrupted, MachineFault
from imagebatch_cli.interrupts import interruptible
from imagebatch_cli.options import Call, read_csv
from imagebatch_cli.watching import follow
from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver, described

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imagebatch_cli.terminal import Terminal
    from imagebatch_embedded.demo.catalogue import Sample
    from imagebatch_embedded.demo.folder import DemoFolder
    from imagebatch_embedded.demo.picture_server import PictureServer

WEBHOOK_SECONDS = 60.0
OURS, FETCHING = "IMAGEBATCH_", "IMAGEBATCH_FETCH_"


@dataclass(frozen=True, slots=True)
class _Job:
    """What is run: a CSV, and what must become of its images by URL; None: whatever does."""

    csv: bytes
    samples: dict[str, Sample] | None


def run_demo(data: Path, csv: Path | None, environ: Mapping[str, str], terminal: Terminal) -> None:
    """Run the demo in `data`, or a file of the user's own there. Raises CommandError when something is not right."""
    from imagebatch_embedded.demo.folder import DemoFolder

    own = None if csv is None else read_csv(csv)
    folder = DemoFolder(data)
    try:
        with interruptible():
            folder.renew()
            seen, faults = _run(folder, own, _settings(environ, own), terminal)
    except Misconfigured as error:
        raise MachineFault(error.message) from error
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted("the demo was stopped; nothing of it runs on.") from None
    if faults:
        for fault in faults:
            terminal.tell(f"unexpected: {fault}", "red")
        raise CommandError(f"The demo saw {len(faults)} unexpected things.", f"Logs: {folder.data / 'logs'}")
    terminal.line(story.last_line(seen))


def _run(folder: DemoFolder, own: bytes | None, settings: dict[str, str], terminal: Terminal) -> tuple[Seen, list[str]]:
    """Start everything, run the job, and stop everything. Return what was seen and what was not as expected."""
    from imagebatch_embedded.background import running
    from imagebatch_embedded.data_directory import DataDirectory
    from imagebatch_embedded.supervisor import Supervisor

    deliveries: queue.SimpleQueue[ReceivedDelivery] = queue.SimpleQueue()
    with ExitStack() as stack:
        job = _own_job(own) if own is not None else _sample_job(stack, settings, terminal)
        receiver = stack.enter_context(WebhookReceiver(folder.webhook_key(), deliveries.put))
        allow(settings, WEBHOOK_ALLOW, f"127.0.0.1/32:{receiver.port}")
        supervisor = Supervisor(DataDirectory(folder.data), settings, tell=terminal.tell)
        api_url = stack.enter_context(running(supervisor)).installation.api_url
        call = Call(connect(api_url, None, terminal.tell), terminal)
        seen = _batch(call, job, folder, receiver.url, deliveries)
        story.tell(seen, folder.results, folder.data, terminal)
        return seen, unmet_by_any(seen) if job.samples is None else unmet(seen, job.samples)


def _batch(
    call: Call, job: _Job, folder: DemoFolder, webhook_url: str, deliveries: queue.SimpleQueue[ReceivedDelivery]
) -> Seen:
    """Upload the CSV, follow the batch to its end, wait for the webhook, and download everything."""
    folder.input_csv.write_bytes(job.csv)
    call.terminal.tell(f"uploading {folder.input_csv} to {call.client.url}/upload")
    request_id = told(call, lambda: call.client.upload(job.csv, {"webhook_url": webhook_url}, str(uuid4())))
    call.terminal.tell(f"accepted as {request_id}")
    batch = follow(call, request_id)
    arrived = _arrived(deliveries)
    seen = gather(call, batch, job.csv, folder.results, arrived)
    while not deliveries.empty():
        seen.deliveries.append(deliveries.get())
    for delivery in seen.deliveries:
        call.terminal.tell(f"webhook {described(delivery)}")
    return seen


def _arrived(deliveries: queue.SimpleQueue[ReceivedDelivery]) -> list[ReceivedDelivery]:
    try:
        return [deliveries.get(timeout=WEBHOOK_SECONDS)]
    except queue.Empty:
        return []


def _own_job(csv: bytes) -> _Job:
    return _Job(csv, None)


def _sample_job(stack: ExitStack, settings: dict[str, str], terminal: Terminal) -> _Job:
    """Serve the sample pictures, allow fetching from exactly there, and make them while the service starts."""
    from imagebatch_embedded.demo.catalogue import products_csv, samples
    from imagebatch_embedded.demo.picture_server import PictureServer

    server: PictureServer = stack.enter_context(PictureServer())
    allow(settings, FETCH_ALLOW, server.allow)
    terminal.tell(f"serving {len(samples())} sample pictures at {server.url}")
    stack.enter_context(ThreadPoolExecutor(1)).submit(server.make_all)
    by_url = {f"{server.url}/{name}": sample for name, sample in samples().items()}
    return _Job(products_csv(server.url), by_url)


def _settings(environ: Mapping[str, str], own: bytes | None) -> dict[str, str]:
    """Return the environment without settings of other installations; one's own file keeps those of fetching."""
    kept = FETCHING if own is not None else "\0"
    return {name: value for name, value in environ.items() if not name.startswith(OURS) or name.startswith(kept)}
