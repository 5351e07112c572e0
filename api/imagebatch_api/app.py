"""The ASGI application: routes, handlers and layers wired to a container. Created by `__main__` and by tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi_offline import FastAPIOffline

import imagebatch
from imagebatch_api.observe import Observed
from imagebatch_api.openapi import described
from imagebatch_api.problems import add_handlers
from imagebatch_api.routes import changes, events, health, requests, results, status, upload, webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from imagebatch_api.container import Container

DESCRIPTION = """A CSV of product images in, the same images at half the quality and the same CSV out.

Upload a CSV, poll or watch its status until it is `Completed` or `Failed`, then fetch `result_url`.
Errors are `application/problem+json` (RFC 9457) with a stable `code`."""


def create_app(container: Container) -> FastAPI:
    """Return the app over a container, which it closes at its end. Its `/docs` and `/redoc` load nothing from afar."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        container.watch.end()
        container.close()

    app: FastAPI = FastAPIOffline(
        title="ImageBatch", version=imagebatch.__version__, description=DESCRIPTION, lifespan=lifespan
    )
    app.state.container = container
    for module in (upload, status, events, requests, changes, webhook, results, health):
        app.include_router(module.router)
    add_handlers(app)
    app.add_middleware(Observed, metrics=container.metrics)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app
