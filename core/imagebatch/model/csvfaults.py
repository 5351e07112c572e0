"""What can be wrong with an uploaded CSV, and the list of everything that is. Used by the csv modules beside it."""

from __future__ import annotations

from enum import StrEnum

from imagebatch.model.errors import InvalidRequest, Violation

_SHOWN_CHARACTERS = 60


class CsvCode(StrEnum):
    """The violation codes of a refused CSV; docs/reference/csv.md explains each."""

    UNDECODABLE_BYTES = "undecodable_bytes"
    NUL = "nul"
    MALFORMED_QUOTE = "malformed_quote"
    UNTERMINATED_QUOTE = "unterminated_quote"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    TOO_MANY_COLUMNS = "too_many_columns"
    NO_ROWS = "no_rows"
    TOO_MANY_ROWS = "too_many_rows"
    AMBIGUOUS_ROW = "ambiguous_row"
    BAD_SERIAL_NUMBER = "bad_serial_number"
    DUPLICATE_SERIAL_NUMBER = "duplicate_serial_number"
    EMPTY_PRODUCT_NAME = "empty_product_name"
    NO_URL = "no_url"
    MALFORMED_URL = "malformed_url"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    URL_TOO_LONG = "url_too_long"
    TOO_MANY_URLS = "too_many_urls"


class CsvFaults:
    """Collects violations in the order they are found: keeps the first `limit`, counts all."""

    def __init__(self, limit: int) -> None:
        self.count = 0
        self._limit = limit
        self._kept: list[Violation] = []

    def add(self, code: CsvCode, message: str, line: int | None = None, column: str | None = None) -> None:
        """Note one violation. `line` counts from 1, `column` is the header as written."""
        self.count += 1
        if len(self._kept) < self._limit:
            self._kept.append(Violation(code.value, message, line, column))

    @property
    def is_full(self) -> bool:
        """Whether further violations are only counted, so that nobody need word them."""
        return self.count >= self._limit

    def add_unnamed(self, count: int) -> None:
        """Count violations that nobody will read because the list is full."""
        self.count += count

    def refuse_if_any(self, *others: CsvFaults) -> None:
        """Raise InvalidRequest (`invalid_csv`) naming the first of these faults and of `others`, by line."""
        parts = (self, *others)
        total = sum(part.count for part in parts)
        if total == 0:
            return
        found = sorted((v for part in parts for v in part._kept), key=lambda v: v.line or 0)
        named = tuple(found[: self._limit])
        raise InvalidRequest(_summary(total, len(named)), code="invalid_csv", violations=named)


def _summary(total: int, named: int) -> str:
    if total == 1:
        return "The CSV cannot be accepted: 1 problem was found."
    text = f"The CSV cannot be accepted: {total:,} problems were found"
    return f"{text}; the first {named:,} are named, {total - named:,} more are not." if total > named else f"{text}."


def shown(value: str) -> str:
    """Return `value` quoted for a message: shortened, and with control characters escaped."""
    return repr(value if len(value) <= _SHOWN_CHARACTERS else value[: _SHOWN_CHARACTERS - 1] + "…")
