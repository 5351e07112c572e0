"""The REST service as the commands call it; the only file of the command line that knows HTTP.

Answers are translated into errors.py once, here. 503 and 429 are waited out, and so is silence once the service has
answered; an upload is never sent again after a broken connection or a gateway's error: it may have been accepted.
"""

from __future__ import annotations

import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from imagebatch_cli.batch_status import BatchStatus
from imagebatch_cli.errors import MachineFault, ServiceRefused, ServiceUnavailable, WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
CONNECTIONS = 16
PIECE_BYTES = 256 * 1024
NOT_NOW = (429, 503)
GATEWAY = (502, 504)
START_HINT = "Start it on this machine with `imagebatch dev`, or name another one with --url (or IMAGEBATCH_URL)."


class ServiceClient:
    """One service at `url`. `tell` gets a line whenever something is waited for; `wait` takes seconds."""

    def __init__(
        self,
        url: str,
        *,
        tell: Callable[[str], None] = lambda _: None,
        wait: Callable[[float], None] = time.sleep,
        session: requests.Session | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.url = _checked_url(url)
        self.wait = wait
        self._tell = tell
        self._patience_seconds = patience_seconds
        self._session = session or _new_session(self.url)
        self._heard = False

    def upload(self, csv: bytes, options: Mapping[str, str]) -> str:
        """Upload a CSV and return the request id."""
        return str(_member(self._post(csv, options), "request_id", self.url))

    def plan(self, csv: bytes, options: Mapping[str, str]) -> dict[str, Any]:
        """Return what would be done with a CSV; nothing is stored."""
        return self._post(csv, {**options, "dry_run": "true"})

    def status(self, request_id: str) -> BatchStatus:
        """Return how a batch stands now."""
        answer = self._request("GET", f"/status/{quote(request_id, safe='')}")
        body = _json(answer, self.url)
        _member(body, "counts", self.url)
        return BatchStatus(body, _retry_after(answer))

    def read(self, url: str) -> bytes:
        """Return a result file."""
        return self._request("GET", url).content

    def read_json(self, url: str) -> dict[str, Any]:
        """Return a result file that is a JSON object."""
        return _json(self._request("GET", url), url)

    def save(self, url: str, file: Path) -> int:
        """Write a result to `file`, whole or not at all, and return its size in bytes."""
        passing = file.with_name(file.name + ".part")
        try:
            with passing.open("wb") as target:
                for piece in self._pieces(url):
                    target.write(piece)
                size = target.tell()
            passing.replace(file)
        except OSError as error:
            raise MachineFault(f"{file} cannot be written: {error.strerror}") from error
        finally:
            passing.unlink(missing_ok=True)
        return size

    def _pieces(self, url: str) -> Iterator[bytes]:
        with self._request("GET", url, stream=True) as answer:
            try:
                yield from answer.iter_content(PIECE_BYTES)
            except requests.RequestException as error:
                raise ServiceUnavailable(f"The download of {url} broke off.") from error

    def _post(self, csv: bytes, options: Mapping[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "text/csv"}
        return _json(self._request("POST", "/upload", params=dict(options), data=csv, headers=headers), self.url)

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Return the answer of 2xx; wait and ask again as long as it makes sense and patience lasts."""
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(method, path, options)
            except _NotNow as error:
                seconds = min(error.retry_after_seconds or pause, self._patience_seconds)
                if waited + seconds > self._patience_seconds:
                    raise ServiceUnavailable(error.message, error.hint) from error
                self._tell(f"{error.message} Asking again in {seconds:g} s.")
                self.wait(seconds)
                waited, pause = waited + seconds, min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _once(self, method: str, path: str, options: Mapping[str, Any]) -> requests.Response:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        try:
            answer = self._session.request(method, urljoin(self.url + "/", path), timeout=timeout, **options)
        except requests.RequestException as error:
            silent = ServiceUnavailable(f"No service answers at {self.url}.", START_HINT)
            if self._heard and method == "GET":
                raise _NotNow(silent.message, silent.hint) from error
            raise silent from error
        self._heard = True
        if not answer.ok:
            raise _error_of(answer, again=NOT_NOW if method == "POST" else NOT_NOW + GATEWAY)
        return answer


class _NotNow(ServiceUnavailable):
    """Worth asking again; `retry_after_seconds` is the service's wish."""

    retry_after_seconds: float | None = None


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))
    session.mount("https://", HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))
    # A proxy of the environment cannot reach this machine's loopback.
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")
    return session


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise WrongUse(f"{url!r} is not the address of a service: it looks like http://127.0.0.1:8000")
    return url.rstrip("/")


def _error_of(answer: requests.Response, again: tuple[int, ...]) -> ServiceRefused | ServiceUnavailable:
    try:
        problem = answer.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem = {}
        detail = f"{answer.url} answered {answer.status_code} {answer.reason}: is an ImageBatch service there?"
    if answer.status_code in again:
        error = _NotNow(detail)
        error.retry_after_seconds = _retry_after(answer)
        return error
    if answer.status_code >= 500:
        return ServiceUnavailable(detail)
    return ServiceRefused(detail, problem)


def _retry_after(answer: requests.Response) -> float | None:
    """Return the header in seconds; None if it is missing, or a date, which this service never sends."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _json(answer: requests.Response, url: str) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise ServiceUnavailable(f"What answers at {url} is not an ImageBatch service.") from error
    if not isinstance(body, dict):
        raise ServiceUnavailable(f"What answers at {url} is not an ImageBatch service.")
    return body


def _member(body: Mapping[str, Any], name: str, url: str) -> Any:
    if name not in body:
        raise ServiceUnavailable(f"What answers at {url} is not an ImageBatch service.")
    return body[name]
