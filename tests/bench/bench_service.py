"""What a client waits for: 50,000 rows accepted over HTTP, and one small image from its request to Completed."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.bench_intake import sample_csv
from bench.bench_settle import servers
from bench.following import follow
from bench.memory import peak_mib
from support import pictures
from support.image_server import ImageServer
from support.open_folder import open_folder
from support.service import Service, csv_of

from imagebatch_embedded.processes import free_port
from imagebatch_embedded.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stage import Stage

START_SECONDS = 60.0
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Upload:
    """Median seconds from the first byte to the request id, and the API's peak before and after.

    `first_seconds` is the upload into new servers, when files and connections are made; the median leaves it out.
    """

    first_seconds: float
    seconds: float
    csv_mib: float
    idle_mib: float
    peak_mib: float


def upload(rows: int, runs: int) -> Upload:
    """Upload the same rows once and then `runs` times to an API with its servers; no operator is there to work."""
    data = sample_csv(rows)
    with _api() as (api, url), Service(url) as service:
        assert api.pid is not None
        idle = peak_mib(api.pid)
        taken = []
        for _ in range(runs + 1):
            started = time.perf_counter()
            service.upload(data)
            taken.append(time.perf_counter() - started)
            print(f"upload: {rows:,} rows accepted in {taken[-1]:.2f} s", file=sys.stderr)
        return Upload(taken[0], median(taken[1:]), len(data) / 2**20, idle, peak_mib(api.pid))


@contextmanager
def _api() -> Iterator[tuple[Program, str]]:
    with servers() as (database_url, store), open_folder() as folder:
        port = free_port()
        environ = {
            "PATH": os.environ["PATH"],
            "IMAGEBATCH_PORT": str(port),
            "IMAGEBATCH_LINK_SECRET": "bench-bench-bench-bench",
            "IMAGEBATCH_DATABASE_URL": database_url,
            "IMAGEBATCH_S3_ENDPOINT": store.s3_endpoint,
            "IMAGEBATCH_S3_ACCESS_KEY": store.s3_access_key,
            "IMAGEBATCH_S3_SECRET_KEY": store.s3_secret_key,
            "IMAGEBATCH_S3_BUCKET": store.s3_bucket,
        }
        url = f"http://127.0.0.1:{port}"
        api = Program("api", "imagebatch_api", environ, folder, f"{url}/readyz")
        try:
            api.start()
            api.wait_ready(START_SECONDS)
            yield api, url
        finally:
            api.stop()


def one_image(stage: Stage, runs: int) -> float:
    """Return the median seconds from the upload of one small picture to Completed, after one not counted."""
    taken = []
    with ImageServer() as source, Service(stage.installation.api_url) as service:
        source.add("/small.jpg", pictures.jpeg(320, 240))
        for run in range(runs + 1):
            data = csv_of([[source.url(f"/small.jpg?{run}")]])
            started = time.perf_counter()
            follow(service, service.upload(data), LOOK_SECONDS)
            taken.append(time.perf_counter() - started)
    print(f"one image: {', '.join(f'{seconds:.2f}' for seconds in taken)} s", file=sys.stderr)
    return median(taken[1:])
