"""`python -m imagebatch_api`: the REST service, with its settings from IMAGEBATCH_*. SIGTERM and SIGINT drain it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn

from imagebatch.model.errors import Misconfigured
from imagebatch.settings import ApiSettings, load
from imagebatch.telemetry import configure_logging
from imagebatch_api.app import create_app
from imagebatch_api.container import build_container
from imagebatch_api.routes import events

if TYPE_CHECKING:
    from socket import socket

    from imagebatch_api.container import Container

DRAIN_SECONDS = 15  # embedded mode kills after 20
STREAM_END_SECONDS = 2.0
MISCONFIGURED_EXIT = 2


def main() -> int:
    """Serve until a signal; return the exit code: 0 after a drain, 1 if the port is taken, 2 for wrong settings."""
    try:
        settings = load(ApiSettings, os.environ)
        configure_logging(settings.log_format, "api")
        container = build_container(settings)
    except Misconfigured as error:
        print(f"imagebatch_api: {error.message}", file=sys.stderr)  # noqa: T201 - logging may be what is wrong
        return MISCONFIGURED_EXIT
    config = uvicorn.Config(
        create_app(container),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # ours has the request id and no tokens
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return _serve(_Server(config, container))


class _Server(uvicorn.Server):
    """A server whose streams end when it is told to stop: they would outlast the drain.

    Clients that read no more cannot be told: their connections are cut, streams soon, others after the drain.
    """

    def __init__(self, config: uvicorn.Config, container: Container) -> None:
        super().__init__(config)
        self._watch = container.watch

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End the streams, then drain."""
        self._watch.end()
        asyncio.get_running_loop().call_later(STREAM_END_SECONDS, self._cut, events.PATH_END)
        await super().shutdown(sockets)
        self._cut()

    def _cut(self, path_end: str = "") -> None:
        """Close the connections whose request has a path with this end, and forget what they were to be sent."""
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if not path_end or (cycle is not None and cycle.scope["path"].endswith(path_end)):
                connection.transport.abort()


def _serve(server: uvicorn.Server) -> int:
    # After the drain uvicorn sends itself the signal again, to these: it has been obeyed, so the exit is a clean one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    try:
        server.run()
    except SystemExit as error:  # the port cannot be bound; uvicorn has logged why
        return 1 if error.code else 0
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
