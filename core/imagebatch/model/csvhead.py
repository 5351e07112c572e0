"""The header row of a CSV: which delimiter, which column is which. Used by csvrows and csvout."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from imagebatch.model.csvfaults import CsvCode, CsvFaults
from imagebatch.model.csvtext import DELIMITERS, Record, records

SERIAL_NUMBER = "S. No."
PRODUCT_NAME = "Product Name"
INPUT_IMAGE_URLS = "Input Image Urls"
OUTPUT_IMAGE_URLS = "Output Image Urls"

# Spellings as `plain_name` gives them, the best first: it decides when several are present.
_SPELLINGS = {
    SERIAL_NUMBER: ("sno", "serialnumber", "serialno", "serial", "srno", "slno", "sn"),
    PRODUCT_NAME: ("productname", "product"),
    INPUT_IMAGE_URLS: (
        "inputimageurls",
        "inputimageurl",
        "inputimages",
        "inputurls",
        "imageurls",
        "imageurl",
    ),
    OUTPUT_IMAGE_URLS: ("outputimageurls",),
}
_LONGEST_NAME_CHARACTERS = 100
_HEAD_CHARACTERS = 65_536


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions, from 0, of the columns that mean something; `outputs` is None if the file has no such column."""

    serial_number: int
    product_name: int
    image_urls: int
    outputs: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """The header's cells as read and what they mean."""

    cells: tuple[str, ...]
    columns: Columns


def plain_name(cell: str) -> str:
    """Return the letters and digits of a header cell in lower case: what two spellings have in common."""
    if len(cell) > _LONGEST_NAME_CHARACTERS:
        return ""
    folded = unicodedata.normalize("NFKC", cell).casefold()
    return "".join(character for character in folded if character.isalnum())


def detect_delimiter(text: str) -> str:
    """Return the delimiter under which the first record names most of our columns; a comma if none does."""
    return max(DELIMITERS, key=lambda delimiter: _recognised(text[:_HEAD_CHARACTERS], delimiter))


def _recognised(text: str, delimiter: str) -> int:
    first = next(records(text, delimiter, CsvFaults(0)), None)
    names = {plain_name(cell) for cell in (first.cells if first else None) or ()}
    return sum(not names.isdisjoint(spellings) for spellings in _SPELLINGS.values())


def read_header(record: Record, faults: CsvFaults) -> Header | None:
    """Find the columns in the first record. None, with the faults noted, if one is missing or there twice."""
    if record.cells is None:
        return None
    names = [plain_name(cell) for cell in record.cells]
    serial_number, product_name, image_urls = (
        _find(column, names, record, faults) for column in (SERIAL_NUMBER, PRODUCT_NAME, INPUT_IMAGE_URLS)
    )
    if serial_number is None or product_name is None or image_urls is None:
        return None
    outputs = names.index("outputimageurls") if "outputimageurls" in names else None
    cells = _without_padding(record.cells, image_urls)
    return Header(cells, Columns(serial_number, product_name, image_urls, outputs))


def _find(column: str, names: list[str], record: Record, faults: CsvFaults) -> int | None:
    spelling = next((s for s in _SPELLINGS[column] if s in names), None)
    if spelling is None:
        message = f"There is no column {column!r}; the first line of the file has to name its columns."
        faults.add(CsvCode.MISSING_COLUMN, message, record.line, column)
        return None
    if names.count(spelling) > 1:
        faults.add(CsvCode.DUPLICATE_COLUMN, f"The column {column!r} is there twice.", record.line, column)
        return None
    return names.index(spelling)


def _without_padding(cells: list[str], image_urls: int) -> tuple[str, ...]:
    """Drop nameless columns behind the URLs if nothing else follows: spreadsheets add them for spilled lists."""
    if any(cell.strip() for cell in cells[image_urls + 1 :]):
        return tuple(cells)
    return tuple(cells[: image_urls + 1])
