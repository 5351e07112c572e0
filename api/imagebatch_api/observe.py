"""What is noted about every answer: one line of access log and the metrics. The app's outermost layer.

The query string is never logged: it holds link tokens.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from starlette.requests import ClientDisconnect

from imagebatch.model.request_ids import is_request_id
from imagebatch_api.problems import internal_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from imagebatch.metrics import Metrics

access_log = logging.getLogger("imagebatch_api.access")
log = logging.getLogger(__name__)

CLIENT_WENT_AWAY = 499  # what web servers write in their logs for it; nobody is answered so
_QUIET_ROUTES = ("/livez", "/readyz", "/metrics")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Observed:
    """ASGI middleware: logs and counts answers, and answers a problem when the app broke before it began to."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_WENT_AWAY
        except Exception:
            about = {"request_id": request_id_of(scope)}
            log.exception("%s %s broke", scope["method"], quote(scope["path"]), extra=about)
            if answer.status:
                raise  # the answer has begun: only cutting the connection tells the client
            await internal_error()(scope, receive, answer.send)
        finally:
            self._note(scope, answer)

    def _note(self, scope: Scope, answer: _Answer) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"  # clients may invent them
        seconds = time.perf_counter() - answer.began
        self._metrics.http_requests.labels(method, route, str(answer.status)).inc()
        self._metrics.http_seconds.labels(method, route).observe(seconds)
        level = logging.DEBUG if route in _QUIET_ROUTES else logging.INFO
        text = "%s %s %d %d bytes %.0f ms"
        about = {"request_id": request_id_of(scope)}
        access_log.log(
            level, text, method, quote(scope["path"]), answer.status, answer.sent_bytes, seconds * 1_000, extra=about
        )


class _Answer:
    """An answer being sent. `status` is 0 until it begins."""

    def __init__(self, scope: Scope, send: Send) -> None:
        scope.setdefault("state", {})
        self._send = send
        self.began = time.perf_counter()
        self.status = 0
        self.sent_bytes = 0

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent_bytes += len(message.get("body", b""))
        await self._send(message)


def request_id_of(scope: Scope) -> str | None:
    """Return the batch that a request is about: the one it made, or the one its path names, if it can be an id."""
    made = scope["state"].get("request_id")
    named = scope.get("path_params", {}).get("request_id")
    return cast("str | None", made) or (named if named and is_request_id(named) else None)
