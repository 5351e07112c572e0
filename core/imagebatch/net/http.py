"""The guarded HTTP client: fetches images for the processor, posts webhooks for the operator.

One object per program and set of address rules, shared by all its threads.
"""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

from urllib3 import Timeout

from imagebatch.model.errors import ImageRejected
from imagebatch.net import failures
from imagebatch.net.body import body_start, copy_body, discard_body
from imagebatch.net.deadline import Deadline
from imagebatch.net.failures import FetchRejected, Transient
from imagebatch.net.messages import Answer, Fetched, FetchLimits, Sink
from imagebatch.net.retries import is_transient, pause_seconds, retry_after_seconds
from imagebatch.net.session import guarded_pools
from imagebatch.net.slots import HostSlots
from imagebatch.net.urls import Target, parse_target, resolve_redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from urllib3 import BaseHTTPResponse

    from imagebatch.net.addresses import AddressRules
    from imagebatch.ports import Clock

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANSWER_BYTES = 1024


class GuardedHttp:
    """An HTTP/1.1 client that connects to nothing its `AddressRules` refuse. Thread-safe.

    `user_agent` names the product and its version. At most `per_host` requests run against one host at
    once, and as many idle connections to each of `hosts_kept` origins are kept.
    """

    def __init__(
        self,
        rules: AddressRules,
        *,
        clock: Clock,
        user_agent: str,
        per_host: int = 8,
        hosts_kept: int = 32,
        ca_file: Path | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pools = guarded_pools(rules, hosts_kept=hosts_kept, connections_per_host=per_host, ca_file=ca_file)
        self._slots = HostSlots(per_host)
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._clock = clock
        self._jitter = jitter

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        """Fetch `url` and write its body to `into`; follow redirects and try again within `limits`.

        Nothing is written before an answer of 2xx, and after that nothing is tried again. Raises
        `FetchRejected` with a code of the contract: `blocked_address`, `unsupported_scheme`,
        `dns_failure`, `connect_failed`, `tls_error`, `timeout`, `too_many_redirects`, `http_NNN`,
        `too_large`, `truncated`, `corrupt`, `unsupported_format`.
        """
        deadline = Deadline(self._clock, limits.deadline_seconds)
        for attempt in count(1):
            try:
                return self._follow(url, limits, deadline, into, attempt)
            except Transient as failure:
                pause = pause_seconds(failure, attempt, limits, self._jitter())
                if pause is None or not deadline.allows(pause):
                    raise FetchRejected(failure.code, failure.message, attempts=attempt) from failure
            except ImageRejected as failure:
                raise FetchRejected(failure.code, failure.message, attempts=attempt) from failure
            self._clock.sleep(pause)
        raise AssertionError("count() does not end")

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """Send `body` once and return what was answered, a redirect or an error status included.

        `timeout_seconds` spans everything. Raises `ImageRejected` with the codes of `get` if there was
        no answer.
        """
        target = parse_target(url)
        with self._slots.held(target.host):
            deadline = Deadline(self._clock, timeout_seconds)
            response = self._open("POST", target, timeout_seconds, deadline, headers, body)
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                retry_after_seconds=retry_after_seconds(response),
                body_start=body_start(response, _ANSWER_BYTES),
            )

    def close(self) -> None:
        """Close the idle connections."""
        self._pools.clear()

    def _follow(self, url: str, limits: FetchLimits, deadline: Deadline, into: Sink, attempt: int) -> Fetched:
        target = parse_target(url)
        for _ in range(limits.max_redirects + 1):
            asked = self._clock.monotonic()
            with self._slots.held(target.host):
                deadline.extend(self._clock.monotonic() - asked)
                response = self._open("GET", target, limits.connect_seconds, deadline, {}, None)
                location = _redirect_location(response)
                if location is None:
                    return _receive(response, target, limits, deadline, into, attempt)
                discard_body(response)
            target = resolve_redirect(target.url, location)
        raise ImageRejected("too_many_redirects", f"More than {limits.max_redirects} redirects.")

    def _open(
        self,
        method: str,
        target: Target,
        connect_seconds: float,
        deadline: Deadline,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> BaseHTTPResponse:
        """Return an answer whose body is unread; the caller closes it."""
        left = deadline.left_seconds()
        try:
            return self._pools.urlopen(
                method,
                target.url,
                redirect=False,
                retries=False,
                body=body,
                headers={**self._headers, **headers},
                preload_content=False,
                timeout=Timeout(total=left, connect=min(connect_seconds, left)),
            )
        except failures.REQUEST_ERRORS as error:
            raise failures.before_headers(error) from error


def _redirect_location(response: BaseHTTPResponse) -> str | None:
    return response.headers.get("Location") if response.status in _REDIRECTS else None


def _receive(
    response: BaseHTTPResponse,
    target: Target,
    limits: FetchLimits,
    deadline: Deadline,
    into: Sink,
    attempt: int,
) -> Fetched:
    if not 200 <= response.status <= 299:
        raise _refusal(response)
    try:
        written = copy_body(response, into, limits, deadline)
    finally:
        response.close()
    content_type = response.headers.get("Content-Type", "")
    return Fetched(response.status, written, content_type, target.url, attempt)


def _refusal(response: BaseHTTPResponse) -> ImageRejected:
    code, message = f"http_{response.status}", f"The server answered {response.status}."
    wish = retry_after_seconds(response)
    discard_body(response)
    if is_transient(response.status):
        return Transient(code, message, retry_after_seconds=wish)
    return ImageRejected(code, message)
