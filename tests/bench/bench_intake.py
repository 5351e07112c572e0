"""Seconds from an upload of 50,000 rows with 150,000 URLs to its acceptance, step by step."""

from __future__ import annotations

import csv
import io
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.memory_store import MemoryBlobStore

from imagebatch import intake
from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.model import csvrows
from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.plan import distinct_images, make_plan
from imagebatch.model.results import Outcome
from imagebatch.ports import Final, SettledSlot
from imagebatch.settings import DatabaseSettings
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.model.plan import Image

ROWS = 50_000
URLS_PER_ROW = 3
START_SECONDS = 60.0


class NoRegistry:
    """Declares nothing: on one machine the row is enough."""

    def place(self, request_id: str) -> None:
        """Do nothing."""


def sample_csv(rows: int = ROWS, urls_per_row: int = URLS_PER_ROW) -> bytes:
    """Return a CSV whose URLs are all different."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["S. No.", "Product Name", "Input Image Urls"])
    for row in range(1, rows + 1):
        urls = [f"https://images.example.com/catalogue/{row:06d}/picture-{n}.jpg" for n in range(urls_per_row)]
        writer.writerow([row, f"Product number {row}", ",".join(urls)])
    return text.getvalue().encode()


def run() -> dict[str, float]:
    """Print and return the seconds of each step; the object store is in memory."""
    data, seconds = sample_csv(), {}
    with _database() as database:
        with _measured("parse", seconds):
            table = csvrows.parse(data, CsvLimits())
        with _measured("distinct images and plan", seconds):
            images = list(distinct_images(row.image_urls for row in table.rows))
            lines = [image.to_line() for image in images]
            make_plan("", lines, len(images), BatchSpec())
        request_id = str(uuid.uuid4())
        with _measured("accept, all of it", seconds):
            _accept(request_id, data, database)
        with _measured("finish, 150,000 slots", seconds):
            database.batches.finish(request_id, _final(len(images)), _slots(images))
    return seconds


def _accept(request_id: str, data: bytes, database: PostgresDatabase) -> None:
    intake.accept(
        request_id,
        data,
        BatchSpec(),
        "bench",
        store=MemoryBlobStore(),
        batches=database.batches,
        registry=NoRegistry(),  # type: ignore[arg-type]
        limits=CsvLimits(),
        clock=SystemClock(),
    )


def _final(slots: int) -> Final:
    verdict = Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, f"All {slots} images succeeded.")
    return Final(
        verdict, Progress(Counts(slots, slots, 0), Bytes(2, 1)), has_result=True, finished_at=SystemClock().now()
    )


def _slots(images: list[Image]) -> Iterator[SettledSlot]:
    for image in images:
        outcome = Outcome(
            image.index,
            image.url,
            len(image.slots),
            name=f"{image.index}.jpg",
            bytes_in=200_000,
            bytes_out=100_000,
            sha256="0" * 64,
            format_in="JPEG",
            format_out="JPEG",
            width_in=1000,
            height_in=800,
            width_out=1000,
            height_out=800,
            quality=50,
        )
        for row, position in image.slots:
            yield SettledSlot(row, position, outcome, f"http://127.0.0.1:8000/results/images/{outcome.name}")


@contextmanager
def _measured(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started
    print(f"intake: {step:<24} {seconds[step]:6.2f} s")


@contextmanager
def _database() -> Iterator[PostgresDatabase]:
    with tempfile.TemporaryDirectory(prefix="imagebatch-bench-") as folder:
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder), free_port())
        try:
            server.start()
            server.wait_ready(START_SECONDS)
            upgrade(server.url())
            with PostgresDatabase(DatabaseSettings(server.url())) as database:
                yield database
        finally:
            server.stop()


if __name__ == "__main__":
    run()
