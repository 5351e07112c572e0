"""What the user says by IMAGEBATCH_* about an embedded installation itself. Read by the supervisor before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE_URL = "IMAGEBATCH_DATABASE_URL"
S3_ENDPOINT = "IMAGEBATCH_S3_ENDPOINT"
LOCAL_SHARDS = "IMAGEBATCH_LOCAL_SHARDS"
PORT = "IMAGEBATCH_PORT"
HOST = "IMAGEBATCH_HOST"
MOST_SHARDS = 1_024
LAST_PORT = 65_535


def is_given(environ: Mapping[str, str], variable: str) -> bool:
    """Tell whether a setting is there, itself or as the file that holds it."""
    return variable in environ or f"{variable}_FILE" in environ


def number(environ: Mapping[str, str], variable: str, most: int) -> int:
    """Return a whole number up to `most`, 0 when the setting is not there. Raises Misconfigured."""
    text = environ.get(variable, "0")
    if not text.isascii() or not text.isdecimal() or int(text) > most:
        raise Misconfigured(f"{variable} must be a whole number from 0 to {most}, not {text!r}")
    return int(text)
