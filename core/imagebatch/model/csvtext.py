"""CSV bytes to text, and text to records with their physical lines. Used by csvhead and csvrows."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.csvfaults import CsvCode, CsvFaults

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator

DELIMITERS = (",", ";", "\t")
# More columns than a spreadsheet has. Cells take many times the memory of their text.
MAX_DELIMITERS_IN_LINE = 16_384

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BAD_TO_END_OF_LINE = re.compile(r"[\0\ud800-\udfff][^\r\n]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A quote opened and not closed swallows lines that are worth checking: they are read again, this often.
_MAX_REREADS = 8
_FIELD_SIZE_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class CsvText:
    """The decoded file without its byte order mark. `has_bom` tells whether there was one."""

    text: str
    has_bom: bool


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record; None if its quoting is broken. `line` is the physical line it starts on, from 1."""

    line: int
    cells: list[str] | None


def decode(data: bytes, faults: CsvFaults) -> CsvText:
    """Decode UTF-8, or UTF-16 if a byte order mark says so; every line with bad bytes or NUL is a fault.

    What cannot be decoded becomes U+FFFD and NUL is dropped, so that the rest can be checked as well.
    """
    codec, mark = _encoding(data)
    body = data[len(mark) :]
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        text = _decode_marking_bad_bytes(body, codec)
        _note_bad_lines(text, codec, len(mark), faults)
        text = _SURROGATE.sub("\ufffd", text.replace("\0", ""))
    else:
        if "\0" in text:
            _note_bad_lines(text, codec, len(mark), faults)
            text = text.replace("\0", "")
    return CsvText(text.lstrip("\ufeff"), has_bom=bool(mark))


def _encoding(data: bytes) -> tuple[str, bytes]:
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return codec, mark
    return "utf-8", b""


def _bad_byte_handler(codec: str) -> str:
    return "surrogateescape" if codec == "utf-8" else "surrogatepass"


def _decode_marking_bad_bytes(body: bytes, codec: str) -> str:
    """Decode with a lone surrogate, which no valid text holds, in place of whatever is undecodable."""
    if codec == "utf-8" or len(body) % 2 == 0:
        return body.decode(codec, _bad_byte_handler(codec))
    return body[:-1].decode(codec, _bad_byte_handler(codec)) + "\udcff"


def _note_bad_lines(text: str, codec: str, offset: int, faults: CsvFaults) -> None:
    line, position = 1, 0
    matches = _BAD_TO_END_OF_LINE.finditer(text)
    for match in matches:
        before = text[position : match.start()]
        position = match.start()
        line += len(_NEWLINE.findall(before))
        offset += len(before.encode(codec, _bad_byte_handler(codec)))
        if text[position] == "\0":
            faults.add(CsvCode.NUL, f"Byte {offset:,} (counted from 0) is NUL; text has none.", line)
        else:
            name = codec[:6].upper().rstrip("-")
            message = f"Byte {offset:,} (counted from 0) is not {name}; save the file as CSV UTF-8."
            faults.add(CsvCode.UNDECODABLE_BYTES, message, line)
        if faults.is_full:
            break
    faults.add_unnamed(sum(1 for _ in matches))


def overlong_line(text: str, delimiter: str) -> int | None:
    """Return the first line, from 1, with over MAX_DELIMITERS_IN_LINE delimiters, quoted ones too; None if none has."""
    most = MAX_DELIMITERS_IN_LINE
    if text.count(delimiter) <= most:
        return None
    lines = enumerate(io.StringIO(text, newline=""), 1)
    return next((number for number, line in lines if len(line) > most and line.count(delimiter) > most), None)


@contextlib.contextmanager
def cells_of_any_length(text: str) -> Iterator[None]:
    """Let `csv` read cells as long as `text`; its limit is global, so it is put back and changed by one at a time."""
    with _FIELD_SIZE_LOCK:
        previous = csv.field_size_limit()
        csv.field_size_limit(max(previous, len(text) + 1))
        try:
            yield
        finally:
            csv.field_size_limit(previous)


def records(text: str, delimiter: str, faults: CsvFaults) -> Iterator[Record]:
    """Yield every record that is not blank (RFC 4180, with CRLF, CR or LF); broken quoting is a fault.

    Spaces between a quote and the delimiter beside it are left out.
    """
    text = _without_spaces_after_quotes(text, delimiter)
    offset, rereads = 0, _MAX_REREADS
    reader = _reader(text, delimiter, offset)
    while True:
        before = offset + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _note_broken_quote(error, before + 1, faults)
            yield Record(before + 1, None)
            if offset + reader.line_num > before + 1 and rereads:
                offset, rereads = before + 1, rereads - 1
                reader = _reader(text, delimiter, offset)
            continue
        if "".join(cells).strip():
            yield Record(before + 1, cells)


def _reader(text: str, delimiter: str, skipped_lines: int) -> Reader:
    lines = itertools.islice(io.StringIO(text, newline=""), skipped_lines, None)
    spaces = ' "' in text and re.search(rf'(?:\A|[\r\n{delimiter}]) +"', text) is not None
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=spaces)


def _without_spaces_after_quotes(text: str, delimiter: str) -> str:
    if '" ' not in text:
        return text
    # An odd run of quotes after a cell's own character closes the cell; an even one is a quote inside it.
    closing = rf'(?<=[^"\r\n {delimiter}])("(?:"")*+) ++(?=[\r\n{delimiter}]|\Z)'
    return re.sub(closing, r"\1", text)


def _note_broken_quote(error: csv.Error, line: int, faults: CsvFaults) -> None:
    if "unexpected end of data" in str(error):
        message = "A quote is opened in this row and never closed."
        faults.add(CsvCode.UNTERMINATED_QUOTE, message, line)
    else:
        message = (
            "A quote in this row is closed in the middle of a cell, or not closed at all; "
            'quote the whole cell and write a quote inside it twice ("").'
        )
        faults.add(CsvCode.MALFORMED_QUOTE, message, line)
