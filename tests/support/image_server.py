"""A server of pictures for tests: paths to answers, with requests counted."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from threading import Event
from typing import TypeAlias

from support.loopback_server import LoopbackServer, Reply, Request

# Bytes are a good answer with the type of the path's suffix; a sequence answers request by request, its last for good.
Single: TypeAlias = bytes | Reply | Callable[[Request], Reply]
Answer: TypeAlias = Single | Sequence[bytes | Reply]


class ImageServer(LoopbackServer):
    """Serves `routes`: by the whole target if it is there, else by the path; 404 otherwise."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(self._answer, host)
        self.routes: dict[str, Answer] = {}
        self._served: dict[str, int] = {}

    def add(self, path: str, answer: Answer) -> str:
        """Serve `answer` at `path` (it starts with a slash and may hold a query) and return its URL."""
        self.routes[path] = answer
        return self.url(path)

    def _answer(self, request: Request) -> Reply:
        for route in (request.target, request.path):
            if route in self.routes:
                return self._resolve(route, request)
        return Reply(b"not here", "text/plain", status=404)

    def _resolve(self, route: str, request: Request) -> Reply:
        answer = self.routes[route]
        if callable(answer):
            return answer(request)
        if isinstance(answer, Sequence) and not isinstance(answer, bytes):
            answer = answer[min(self._turn(route), len(answer) - 1)]
        if isinstance(answer, Reply):
            return answer
        kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
        return Reply(bytes(answer), kind)

    def _turn(self, route: str) -> int:
        with self.lock:
            turn = self._served.get(route, 0)
            self._served[route] = turn + 1
        return turn


def held_until(event: Event, picture: bytes, most_seconds: float) -> Callable[[Request], Reply]:
    """Return an answer of a JPEG that is not given before `event`: who fetches it cannot be done by then."""

    def answer(_: Request) -> Reply:
        event.wait(most_seconds)
        return Reply(picture, "image/jpeg")

    return answer
