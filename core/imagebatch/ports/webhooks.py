"""Outgoing webhooks, as the operator needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class WebhookAnswer(Protocol):
    """What a receiver said."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names, lower case, to values."""

    @property
    def retry_after_seconds(self) -> float | None:
        """The wait that the receiver asks for with `Retry-After`, None if it does not."""


class Http(Protocol):
    """Outgoing POST behind the address guard."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> WebhookAnswer:
        """Send once; redirects are answers. Raises ImageRejected with the code of what went wrong."""
