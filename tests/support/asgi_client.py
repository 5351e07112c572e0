"""An HTTP client of an ASGI app in this process: no socket, one event loop for its life."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from starlette.types import ASGIApp

DEADLINE_SECONDS = 30  # an answer that does not come fails the test


class AsgiClient:
    """`get`, `head`, `post` and `request` as httpx has them, without `await`."""

    def __init__(self, app: ASGIApp) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://api.invalid")
        self._runner = asyncio.Runner()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._runner.run(asyncio.wait_for(self._client.request(method, url, **options), DEADLINE_SECONDS))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something else in the app's event loop."""
        self._runner.run(work)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
