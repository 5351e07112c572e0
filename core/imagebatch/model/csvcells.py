"""One cell on its way out: the guard against formulas and the quotes of RFC 4180. Used by csvout and csvrows."""

from __future__ import annotations

import re

# The leading characters of OWASP's "CSV Injection" page, full-width ones included, also behind white space.
_FORMULA = re.compile(r"[\t\r\n]|[\s\ufeff\u200b]*+[=+\-@＝＋－＠]")
# No formula: 5 with a sign, 1,234.56, 12 %, 1e9, and the dash that stands for "none".
_SIGNED_NUMBER = re.compile(r" *+(?:[+\-][0-9]++(?:[.,][0-9]++)*+(?:[eE][+\-]?[0-9]++)?+ ?%?|-) *+")
_NEEDS_QUOTES = re.compile(r'[,;\t"\r\n]|\A[\s\ufeff]|\s\Z')


def guard_formula(cell: str) -> str:
    """Return the cell with a leading `'` if a spreadsheet would run it as a formula; else as it is.

    Guarding twice changes nothing more. Plain numbers with a sign stay.
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _SIGNED_NUMBER.fullmatch(cell) else cell


def unguard_formula(cell: str) -> str:
    """Return the cell without the `'` that `guard_formula` puts before it; other cells as they are."""
    if not cell.startswith("'"):
        return cell
    return cell[1:] if guard_formula(cell[1:]) == cell else cell


def csv_line(cells: list[str], delimiter: str) -> str:
    """Return one record by RFC 4180, ended by CRLF, formulas guarded. Cells with spaces at an end are quoted too."""
    return delimiter.join(map(_written, cells)) + "\r\n"


def _written(cell: str) -> str:
    cell = guard_formula(cell)
    if _NEEDS_QUOTES.search(cell) is None:
        return cell
    return '"' + cell.replace('"', '""') + '"'
