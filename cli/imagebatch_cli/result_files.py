"""Brings a batch's results to a folder: the CSVs, the report and the images. Used by `results` and `demo`."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagebatch.model.csvtext import cells_of_any_length
from imagebatch_cli.client import not_ours
from imagebatch_cli.errors import CommandError, MachineFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imagebatch_cli.batch_status import BatchStatus
    from imagebatch_cli.client import ServiceClient
    from imagebatch_cli.options import Call

FILES = {"result_url": "output.csv", "errors_url": "errors.csv", "report_url": "report.json"}
AT_ONCE = 8
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,100}")


@dataclass(slots=True)
class Downloads:
    """What came of downloading images. `failures` has a sentence for each that could not be had."""

    images: int = 0
    bytes: int = 0
    failures: list[str] = field(default_factory=list)


def result_link(batch: BatchStatus, which: str) -> str:
    """Return one of a batch's links. Raises CommandError, with the reason, when there is none."""
    link = batch.link(which)
    if link is None and batch.is_final:
        raise CommandError(f"The batch has no results: {batch.answer['message']}")
    if link is None:
        hint = f"Wait for its end: imagebatch watch {batch.request_id}"
        raise CommandError(f"The batch is {batch.word}; its results come at the end.", hint)
    return link


def made(folder: Path) -> Path:
    """Return the folder, made if it was not there. Raises MachineFault."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineFault(f"{folder} cannot be made: {error.strerror}") from error
    return folder


def save_files(client: ServiceClient, batch: BatchStatus, folder: Path) -> list[Path]:
    """Write output.csv, errors.csv and report.json into `folder` and return their paths."""
    made(folder)
    for which, name in FILES.items():
        client.save(result_link(batch, which), folder / name)
    return [folder / name for name in FILES.values()]


def error_rows(client: ServiceClient, batch: BatchStatus) -> list[list[str]]:
    """Return the rows of a batch's errors.csv, header first. Raises CommandError."""
    link = result_link(batch, "errors_url")
    try:
        rows = list(csv_rows(client.read(link)))
    except ValueError as error:  # not UTF-8
        raise not_ours(link) from error
    if not rows:
        raise not_ours(link)
    return rows


def save_images(call: Call, report: dict[str, Any], folder: Path) -> Downloads:
    """Download every output image into `folder`; one that is there in its size already is left."""
    made(folder)
    images = [image for image in report["images"] if image.get("output_url")]
    downloads = Downloads()
    with call.terminal.download_progress(len(images)) as advance, ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            for result in threads.map(lambda image: _save(call.client, image, folder), images):
                _count(downloads, result)
                advance()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return downloads


def image_name(image: dict[str, Any]) -> str:
    """Return the file name of an image's output, which is the last part of its link. Raises CommandError."""
    name = str(image["output_url"]).partition("?")[0].rpartition("/")[2]
    if not _NAME.fullmatch(name):
        raise CommandError(f"{image['output_url']} is no link to an output image.")
    return name


def _save(client: ServiceClient, image: dict[str, Any], folder: Path) -> int | CommandError:
    try:
        file = folder / image_name(image)
        if file.exists() and file.stat().st_size == image.get("bytes_out"):
            return file.stat().st_size
        return client.save(str(image["output_url"]), file)
    except CommandError as error:
        return error


def _count(downloads: Downloads, result: int | CommandError) -> None:
    if isinstance(result, CommandError):
        downloads.failures.append(result.message)
    else:
        downloads.images += 1
        downloads.bytes += result


def csv_rows(data: bytes) -> Iterator[list[str]]:
    """Yield the rows of output.csv or errors.csv, header first. The delimiter is the one that the header has most."""
    text = data.decode("utf-8-sig")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    with cells_of_any_length(text):
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
