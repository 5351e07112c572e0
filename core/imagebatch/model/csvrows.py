"""An uploaded CSV becomes rows, or one refusal that names everything wrong with it (docs/reference/csv.md).

Called by intake, by settle when it writes the output, and by `imagebatch validate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.csvcells import unguard_formula
from imagebatch.model.csvfaults import CsvCode, CsvFaults, shown
from imagebatch.model.csvhead import Columns, Header, detect_delimiter, read_header
from imagebatch.model.csvtext import (
    MAX_DELIMITERS_IN_LINE,
    Record,
    cells_of_any_length,
    decode,
    overlong_line,
    records,
)
from imagebatch.model.csvurls import split_urls, starts_as_url, url_fault
from imagebatch.model.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CsvLimits", "CsvTable", "Row", "parse", "split_urls"]

# 18 digits fit a 64-bit integer. Spreadsheets write whole numbers as 1.0 too.
_SERIAL_NUMBER = re.compile(r"0*([1-9][0-9]{0,17})(?:\.0*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLimits:
    """What an uploaded CSV may hold.

    Bytes of the file; rows; columns; URLs of a row; characters of a URL; violations named.
    """

    max_bytes: int = 10 * 1024 * 1024
    max_rows: int = 50_000
    max_columns: int = 1_000
    max_urls_per_row: int = 20
    max_url_length: int = 2_048
    max_violations: int = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One product. `number` counts rows from 0, `line` is the physical line, from 1, on which the row starts.

    `serial_number` is the number alone: `1` for `1.` or `001`. `product_name` and `image_urls` are without the
    white space around them. `cells` are as read, for the output: at most one for each column of the header, and not
    padded, since 50,000 short rows under a wide header would take gibibytes.
    """

    number: int
    line: int
    serial_number: str
    product_name: str
    image_urls: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A whole valid file. `header` is as read; the output keeps `delimiter` and the byte order mark (`has_bom`)."""

    header: tuple[str, ...]
    delimiter: str
    has_bom: bool
    columns: Columns
    rows: list[Row]


def parse(data: bytes, limits: CsvLimits) -> CsvTable:
    """Read a CSV file by the rules of docs/reference/csv.md.

    Raises TooLarge over `max_bytes`, else InvalidRequest (`invalid_csv`) whose violations name, in order of line,
    everything that is wrong, the first `max_violations` of it.
    """
    if len(data) > limits.max_bytes:
        message = f"The CSV has {len(data):,} bytes; {limits.max_bytes:,} are allowed."
        raise TooLarge(message)
    text_faults, row_faults = CsvFaults(limits.max_violations), CsvFaults(limits.max_violations)
    decoded = decode(data, text_faults)
    with cells_of_any_length(decoded.text):
        delimiter = detect_delimiter(decoded.text)
        header, rows = _read(decoded.text, delimiter, limits, row_faults)
    text_faults.refuse_if_any(row_faults)
    assert header is not None  # noqa: S101 - without a header there is a fault
    return CsvTable(header.cells, delimiter, decoded.has_bom, header.columns, rows)


def _read(text: str, delimiter: str, limits: CsvLimits, faults: CsvFaults) -> tuple[Header | None, list[Row]]:
    """Return header and valid rows, no header if that is not one; note what is wrong."""
    if line := overlong_line(text, delimiter):
        message = f"The line has more than {MAX_DELIMITERS_IN_LINE:,} delimiters; no row has so many cells."
        faults.add(CsvCode.TOO_MANY_COLUMNS, message, line)
        return None, []
    found = records(text, delimiter, faults)
    first = next(found, None)
    if first is None:
        faults.add(CsvCode.NO_ROWS, "The file is empty.")
        return None, []
    header = read_header(first, faults)
    if header and len(header.cells) > limits.max_columns:
        message = f"The header has {len(header.cells):,} columns; {limits.max_columns:,} are allowed."
        faults.add(CsvCode.TOO_MANY_COLUMNS, message, first.line)
        return None, []
    return header, list(_RowReader(header, delimiter, limits, faults).read(found)) if header else []


class _RowReader:
    """Checks records against the header and the limits; remembers which serial numbers were there."""

    def __init__(self, header: Header, delimiter: str, limits: CsvLimits, faults: CsvFaults) -> None:
        self._names = header.cells
        self._columns = header.columns
        self._delimiter = delimiter
        self._limits = limits
        self._faults = faults
        self._line_of_serial: dict[str, int] = {}

    def read(self, found: Iterator[Record]) -> Iterator[Row]:
        """Yield the valid rows; note the faults of the others."""
        number = -1
        for number, record in enumerate(found):
            if number >= self._limits.max_rows:
                message = f"The file has more than {self._limits.max_rows:,} rows; it was read up to here."
                self._faults.add(CsvCode.TOO_MANY_ROWS, message, record.line)
                return
            if record.cells is not None and (row := self._row(number, record.line, record.cells)):
                yield row
        if number < 0:
            self._faults.add(CsvCode.NO_ROWS, "The file has a header and no row below it.")

    def _row(self, number: int, line: int, read: list[str]) -> Row | None:
        cells = self._fit(line, read)
        if cells is None:
            return None
        columns = self._columns
        serial_number = self._serial_number(line, unguard_formula(cells[columns.serial_number]))
        product_name = self._product_name(line, unguard_formula(cells[columns.product_name]))
        image_urls = self._image_urls(line, unguard_formula(cells[columns.image_urls]))
        if serial_number is None or product_name is None or image_urls is None:
            return None
        return Row(number, line, serial_number, product_name, image_urls, tuple(cells[: len(read)]))

    def _fit(self, line: int, cells: list[str]) -> list[str] | None:
        """Return one cell for each column; a URL list without quotes spilled into further cells is gathered."""
        extra = len(cells) - len(self._names)
        if extra <= 0:
            return cells + [""] * -extra if extra else cells
        start = self._columns.image_urls
        end = start + extra + 1
        if not self._is_url_list(cells[start:end], cells[end:]):
            message = (
                f"The row has {len(cells):,} cells and the header {len(self._names):,}, and it cannot be told "
                "which belong together; put double quotes around cells that hold the delimiter."
            )
            self._fault(CsvCode.AMBIGUOUS_ROW, message, line, start)
            return None
        return [*cells[:start], self._joined(cells[start:end]), *cells[end:]]

    def _is_url_list(self, spilled: list[str], after: list[str]) -> bool:
        elements_only = all(starts_as_url(cell) or not cell.strip() for cell in spilled)
        if not after:  # the last column: all that follows is its own, commas inside a URL too
            return elements_only or "://" in spilled[0]
        return elements_only and not starts_as_url(after[0])

    def _joined(self, spilled: list[str]) -> str:
        pieces = [spilled[0]]
        for cell in spilled[1:]:
            is_element = starts_as_url(cell) or not cell.strip()
            pieces.append(("," if is_element else self._delimiter) + cell)
        return "".join(pieces).rstrip(", ")

    def _serial_number(self, line: int, cell: str) -> str | None:
        match = _SERIAL_NUMBER.fullmatch(cell.strip())
        if match is None:
            message = f"The serial number {shown(cell)} is not a whole number from 1 on."
            self._fault(CsvCode.BAD_SERIAL_NUMBER, message, line, self._columns.serial_number)
            return None
        serial_number = match[1]
        first_line = self._line_of_serial.setdefault(serial_number, line)
        if first_line != line:
            message = f"The serial number {serial_number} is already used on line {first_line:,}."
            self._fault(CsvCode.DUPLICATE_SERIAL_NUMBER, message, line, self._columns.serial_number)
            return None
        return serial_number

    def _product_name(self, line: int, cell: str) -> str | None:
        product_name = cell.strip()
        if not product_name:
            message = "The product name is empty."
            self._fault(CsvCode.EMPTY_PRODUCT_NAME, message, line, self._columns.product_name)
            return None
        if starts_as_url(product_name):
            message = "A URL stands where the product name should; put double quotes around the list of URLs."
            self._fault(CsvCode.AMBIGUOUS_ROW, message, line, self._columns.product_name)
            return None
        return product_name

    def _image_urls(self, line: int, cell: str) -> tuple[str, ...] | None:
        urls, limits = split_urls(cell), self._limits
        column = self._columns.image_urls
        if not urls:
            self._fault(CsvCode.NO_URL, "The row has no image URL.", line, column)
            return None
        if len(urls) > limits.max_urls_per_row:
            message = f"The row has {len(urls):,} image URLs; {limits.max_urls_per_row:,} are allowed."
            self._fault(CsvCode.TOO_MANY_URLS, message, line, column)
            return None
        wrong = [fault for url in urls if (fault := url_fault(url, limits.max_url_length))]
        for code, message in wrong:
            self._fault(code, message, line, column)
        return None if wrong else tuple(urls)

    def _fault(self, code: CsvCode, message: str, line: int, column: int) -> None:
        self._faults.add(code, message, line, self._names[column])
