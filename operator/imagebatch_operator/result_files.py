"""Writes output.csv, errors.csv and report.json of a harvested batch. Called by settle.

Nothing in them depends on when they are written: doing it twice gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.csvout import ErrorsCsvWriter, OutputCsvWriter
from imagebatch.ports import SettledSlot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imagebatch.model.batch import Progress, Verdict
    from imagebatch.model.csvrows import CsvTable
    from imagebatch.model.results import Outcome
    from imagebatch.ports import BlobStore
    from imagebatch.settings import LinkSettings
    from imagebatch_operator.spool import OutcomeSpool, SlotTable

CONTENT_TYPES = {
    names.OUTPUT_CSV: "text/csv; charset=utf-8",
    names.ERRORS_CSV: "text/csv; charset=utf-8",
    names.REPORT_JSON: "application/json",
}


class Links:
    """Links to what a batch produced. They are the same every time."""

    def __init__(self, settings: LinkSettings, request_id: str) -> None:
        self._public_url = settings.public_url
        self._secret = settings.link_secret.encode()
        self._base = settings.output_url_base.rstrip("/")
        self._request_id = request_id

    def image(self, outcome: Outcome) -> str | None:
        """Return the link to an output image, with whichever request it lies; None for an image that failed."""
        if not outcome.succeeded or outcome.name is None:
            return None
        key = names.image_key(outcome.request_id or self._request_id, outcome.name)
        return f"{self._base}/{key}" if self._base else names.public_link(self._public_url, self._secret, key)

    def file(self, name: str) -> str:
        """Return the link to one of the result files."""
        return names.public_link(self._public_url, self._secret, names.result_key(self._request_id, name))


@dataclass(frozen=True, slots=True)
class Harvested:
    """A batch with everything that is to be told of it."""

    request_id: str
    rows: CsvTable
    slots: SlotTable
    outcomes: OutcomeSpool
    links: Links

    def settled(self) -> Iterator[SettledSlot]:
        """Yield every slot in order of row and position."""
        for row, position, image in self.slots:
            outcome = self.outcomes.get(image)
            yield SettledSlot(row, position, outcome, self.links.image(outcome))


def publish(store: BlobStore, batch: Harvested, verdict: Verdict, progress: Progress, folder: Path) -> None:
    """Write the three files into `folder` and from there into the store, output.csv last."""
    with (
        (folder / names.OUTPUT_CSV).open("wb") as output,
        (folder / names.ERRORS_CSV).open("wb") as errors,
        (folder / names.REPORT_JSON).open("wb") as report_file,
    ):
        report = ReportWriter(report_file, {"request_id": batch.request_id, **summary(verdict, progress)})
        _write_rows(batch, OutputCsvWriter(output, batch.rows), ErrorsCsvWriter(errors, batch.rows), report)
        report.end()
    for name in (names.REPORT_JSON, names.ERRORS_CSV, names.OUTPUT_CSV):
        store.put_file(names.result_key(batch.request_id, name), folder / name, CONTENT_TYPES[name])


class ReportWriter:
    """Writes report.json: the sums, then everything known of each image, one a line in order of first use."""

    def __init__(self, sink: IO[bytes], head: dict[str, object]) -> None:
        self._sink = sink
        self._images = 0
        sink.write(json.dumps(head, ensure_ascii=False).encode().removesuffix(b"}") + b', "images": [')

    def write_image(self, outcome: Outcome, url: str | None) -> None:
        """Write an image unless it was: images are numbered in order of first use."""
        if outcome.index < self._images:
            return
        fields = {**outcome.to_json(), "output_url": url}
        self._sink.write((b",\n" if self._images else b"\n") + json.dumps(fields, ensure_ascii=False).encode())
        self._images = outcome.index + 1

    def end(self) -> None:
        """Close the list."""
        self._sink.write(b"\n]}\n")


def _write_rows(batch: Harvested, output: OutputCsvWriter, errors: ErrorsCsvWriter, report: ReportWriter) -> None:
    for number, row in enumerate(batch.rows.rows):
        outcomes = [batch.outcomes.get(image) for image in batch.slots.row(number)]
        urls = [batch.links.image(outcome) for outcome in outcomes]
        output.write_row(row, urls)
        for position, (outcome, url) in enumerate(zip(outcomes, urls, strict=True)):
            report.write_image(outcome, url)
            if outcome.code is not None:
                errors.write_error(row, position, outcome.code, outcome.message or "")


def summary(verdict: Verdict, progress: Progress) -> dict[str, object]:
    """Return status, counts and bytes under their public names."""
    counts, volume = progress.counts, progress.bytes
    return {
        "status": verdict.status.value,
        "reason": verdict.reason.value,
        "message": verdict.message,
        "counts": {
            "total": counts.total,
            "pending": counts.pending,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
        },
        "bytes": {"input": volume.input, "output": volume.output, "saved": volume.saved},
    }
