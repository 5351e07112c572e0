"""A listing of the service, read page by page as far as it is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Page = tuple[list[dict[str, Any]], str | None]


@dataclass(slots=True)
class Listing:
    """Items as JSON objects, at most `most` (None: all); once they were read, `more` says whether there are others.

    `ask` takes a page's size and the token of its beginning, and returns the items and the next page's token.
    """

    ask: Callable[[int, str | None], Page]
    most: int | None
    page_size: int
    more: bool = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the items; each page is asked for when it is needed."""
        left, token = self.most, None
        while True:
            items, token = self.ask(self.page_size if left is None else min(left, self.page_size), token)
            self.more = token is not None
            yield from items
            left = None if left is None else left - len(items)
            if token is None or (left is not None and left <= 0):
                return
