"""Links to a request's files, and the check of the token that opens them. Used by the status and results routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.errors import ImageBatchError

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch
    from imagebatch.settings import LinkSettings


class InvalidLinkToken(ImageBatchError):
    """The token of a link is missing or opens something else. Says nothing about whether the file exists."""

    code = "invalid_link_token"


@dataclass(frozen=True, slots=True)
class ResultLinks:
    """Where a batch's files are; None until they exist."""

    result_url: str | None = None
    errors_url: str | None = None
    report_url: str | None = None


def result_links(batch: Batch, links: LinkSettings) -> ResultLinks:
    """Return the links to a batch's result files: none before its output CSV exists."""
    if not batch.has_result:
        return ResultLinks()
    keys = [names.result_key(batch.request_id, name) for name in names.RESULT_FILES]
    return ResultLinks(*(names.public_link(links.public_url, links.link_secret.encode(), key) for key in keys))


def link_opens(links: LinkSettings, key: str, token: str) -> bool:
    """Return whether `token` opens the object `key`."""
    return names.link_token_fits(links.link_secret.encode(), key, token)
