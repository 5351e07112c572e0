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
        """Return the link to an output image, None for an image that failed."""
        if not outcome.succeeded or outcome.name is None:
            return None
        key = names.image_key(self._request_id, outcome.name)
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
    with (folder / names.OUTPUT_CSV).open("wb") as output, (folder / names.ERRORS_CSV).open("wb") as errors:
        write_tables(batch, output, errors)
    with (folder / names.REPORT_JSON).open("wb") as report:
        write_report(batch, verdict, progress, report)
    for name in (names.REPORT_JSON, names.ERRORS_CSV, names.OUTPUT_CSV):
        store.put_file(names.result_key(batch.request_id, name), folder / name, CONTENT_TYPES[name])


def write_tables(batch: Harvested, output: IO[bytes], errors: IO[bytes]) -> None:
    """Write output.csv and errors.csv, row by row."""
    output_writer, errors_writer = OutputCsvWriter(output, batch.rows), ErrorsCsvWriter(errors, batch.rows)
    for number, row in enumerate(batch.rows.rows):
        outcomes = [batch.outcomes.get(image) for image in batch.slots.row(number)]
        output_writer.write_row(row, [batch.links.image(outcome) for outcome in outcomes])
        for position, outcome in enumerate(outcomes):
            if outcome.code is not None:
                errors_writer.write_error(row, position, outcome.code, outcome.message or "")


def write_report(batch: Harvested, verdict: Verdict, progress: Progress, report: IO[bytes]) -> None:
    """Write report.json: the sums, then everything known of each image, one a line."""
    head = {"request_id": batch.request_id, **summary(verdict, progress)}
    report.write(json.dumps(head, ensure_ascii=False).encode().removesuffix(b"}") + b', "images": [')
    for index in range(len(batch.outcomes)):
        outcome = batch.outcomes.get(index)
        fields = {**outcome.to_json(), "output_url": batch.links.image(outcome)}
        report.write((b",\n" if index else b"\n") + json.dumps(fields, ensure_ascii=False).encode())
    report.write(b"\n]}\n")


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
