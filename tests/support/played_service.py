"""A service that is played for the command line: answers by method and path, no socket, no waiting."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter

from imagebatch_cli.client import ServiceClient
from imagebatch_cli.client.transport import Transport

REQUEST_ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Played:
    """One answer of the played service."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> Played:
        return cls(json.dumps(value).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})


class PlayedService(BaseAdapter):
    """Answers by method and path; a list is answered one by one, its last for good. Exceptions are raised."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.requests: list[requests.PreparedRequest] = []
        self.waits: list[float] = []
        self.told: list[str] = []
        self.on_wait: Callable[[], None] = lambda: None

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        self.requests.append(request)
        answer = self.answers[f"{request.method} {request.path_url}"]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response.raw = answer.status, io.BytesIO(answer.body)
        response.headers.update(answer.headers)
        response.url, response.reason, response.request = str(request.url), "", request
        return response

    def close(self) -> None:
        """Nothing is open."""

    def connect(self, url: str, api_key: str | None, tell: Callable[[str], None]) -> ServiceClient:
        session = requests.Session()
        session.mount("http://", self)
        session.mount("https://", self)

        def told(line: str) -> None:
            self.told.append(line)
            tell(line)

        return ServiceClient(Transport(url, api_key, tell=told, wait=self._wait, session=session))

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.on_wait()


def status(word: str = "Completed", reason: str = "AllSucceeded", **changes: object) -> dict[str, Any]:
    """A status as the service answers it."""
    final = word in ("Completed", "Failed")
    results = f"{URL}/results/{REQUEST_ID}"
    return {
        "request_id": REQUEST_ID,
        "status": word,
        "reason": reason,
        "message": "4 of 4 images succeeded.",
        "result_url": f"{results}/output.csv?t=x" if final else None,
        "errors_url": f"{results}/errors.csv?t=x" if final else None,
        "report_url": f"{results}/report.json?t=x" if final else None,
        "counts": {"total": 4, "pending": 0 if final else 3, "succeeded": 4 if final else 1, "failed": 0},
        "bytes": {"input": 1000, "output": 400, "saved": 600},
        "created_at": "2026-01-02T03:04:05Z",
        "started_at": None,
        "finished_at": None,
        "retry_of": None,
        **changes,
    }


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
