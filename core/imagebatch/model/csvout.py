"""Writes output.csv and errors.csv, one row at a time and the same bytes every time. Called by settle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from imagebatch.model.csvcells import csv_line
from imagebatch.model.csvhead import OUTPUT_IMAGE_URLS, PRODUCT_NAME, SERIAL_NUMBER
from imagebatch.model.csvurls import join_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagebatch.model.csvrows import CsvTable, Row

ERRORS_HEADER = (SERIAL_NUMBER, PRODUCT_NAME, "Position", "Input Image Url", "Code", "Message")


class Sink(Protocol):
    """Where the bytes go: an open binary file, or anything with its `write`."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class _CsvWriter:
    """UTF-8 and CRLF; delimiter and byte order mark as in the input."""

    def __init__(self, sink: Sink, table: CsvTable) -> None:
        self._sink = sink
        self._delimiter = table.delimiter
        if table.has_bom:
            sink.write(b"\xef\xbb\xbf")

    def _write(self, cells: list[str]) -> None:
        self._sink.write(csv_line(cells, self._delimiter).encode())


class OutputCsvWriter(_CsvWriter):
    """Writes output.csv: the header at once, then the rows in the order they are given.

    `Output Image Urls` is the last column, unless the input has a column of that name: that one is then filled.
    """

    def __init__(self, sink: Sink, table: CsvTable) -> None:
        super().__init__(sink, table)
        self._columns = len(table.header)
        self._outputs = table.columns.outputs
        name = OUTPUT_IMAGE_URLS if self._outputs is None else table.header[self._outputs]
        self._write(self._with_output(table.header, name))

    def write_row(self, row: Row, output_urls: Sequence[str | None]) -> None:
        """Write one row; `output_urls` has one entry for each of `row.image_urls`, None for a failed image.

        Raises ValueError if their numbers differ.
        """
        if len(output_urls) != len(row.image_urls):
            message = f"row {row.number} has {len(row.image_urls)} images, not {len(output_urls)}"
            raise ValueError(message)
        self._write(self._with_output(row.cells, join_slots(output_urls)))

    def _with_output(self, read: tuple[str, ...], output: str) -> list[str]:
        cells = [*read, *[""] * (self._columns - len(read))]
        if self._outputs is None:
            return [*cells, output]
        return [*cells[: self._outputs], output, *cells[self._outputs + 1 :]]


class ErrorsCsvWriter(_CsvWriter):
    """Writes errors.csv: the header at once, then a line for each failed image."""

    def __init__(self, sink: Sink, table: CsvTable) -> None:
        super().__init__(sink, table)
        self._write(list(ERRORS_HEADER))

    def write_error(self, row: Row, position: int, code: str, message: str) -> None:
        """Write one failed image; `position` counts the row's images from 0, the file counts them from 1."""
        url = row.image_urls[position]
        self._write([row.serial_number, row.product_name, str(position + 1), url, code, message])
