"""Sends requests and repeats those that may be repeated, within limits. Used by `service`.

503 and 429 are waited out for every request: nothing was done. After silence, a broken connection or a gateway's error
a request is sent again only as its `Repeat` allows.
"""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

from imagebatch_cli.client.answers import NotNow, error_of
from imagebatch_cli.client.connection import (
    CONNECT_SECONDS,
    LOOK_SECONDS,
    READ_SECONDS,
    START_HINT,
    ApiKeyAuth,
    checked_key,
    checked_url,
    new_session,
)
from imagebatch_cli.errors import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0


class Repeat(Enum):
    """When a request that may have been received is sent again."""

    NEVER = auto()
    ONCE_HEARD = auto()  # only of a service that has answered before: where nobody is, nobody is waited for
    ALWAYS = auto()


class Transport:
    """One service at `url`. `tell` gets a line whenever something is waited for; `wait` takes seconds."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        *,
        tell: Callable[[str], None],
        wait: Callable[[float], None] = time.sleep,
        session: requests.Session | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.url = checked_url(url)
        self.wait = wait
        self._tell = tell
        self._patience_seconds = patience_seconds
        self._session = session or new_session(self.url)
        self._with_key = api_key is not None
        if api_key is not None:
            self._session.auth = ApiKeyAuth(checked_key(api_key), self.url)
        self._heard = False

    def send(self, method: str, path: str, repeat: Repeat = Repeat.ONCE_HEARD, **options: Any) -> requests.Response:
        """Return the answer of 2xx; wait and ask again as long as it makes sense and patience lasts."""
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(method, path, repeat, options)
            except NotNow as error:
                seconds = min(error.retry_after_seconds or pause, self._patience_seconds)
                if waited + seconds > self._patience_seconds:
                    raise ServiceUnavailable(error.message, error.hint) from error
                hint = f" {error.hint}" if error.hint and not waited and not self._heard else ""
                self._tell(f"{error.message}{hint} Asking again in {seconds:g} s.")
                self.wait(seconds)
                waited, pause = waited + seconds, min(2 * pause, LONGEST_PAUSE_SECONDS)

    def look(self, path: str) -> requests.Response:
        """Return whatever is answered, errors too, at the first try. Raises ServiceUnavailable."""
        timeout = (CONNECT_SECONDS, LOOK_SECONDS)
        try:
            return self._session.get(urljoin(self.url + "/", path), timeout=timeout)
        except (requests.RequestException, ValueError) as error:
            raise self._silence(Repeat.NEVER, error) from error

    def _once(self, method: str, path: str, repeat: Repeat, options: Mapping[str, Any]) -> requests.Response:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        try:
            answer = self._session.request(method, urljoin(self.url + "/", path), timeout=timeout, **options)
        except (requests.RequestException, ValueError) as error:
            raise self._silence(repeat, error) from error
        self._heard = True
        if not answer.ok:
            raise error_of(answer, again=repeat is not Repeat.NEVER, with_key=self._with_key)
        return answer

    def _silence(self, repeat: Repeat, error: requests.RequestException | ValueError) -> ServiceUnavailable:
        """Return the error for a request that got no answer: whether it may pass."""
        if isinstance(error, requests.exceptions.SSLError):
            return ServiceUnavailable(f"The secure connection to {self.url} failed: is its certificate trusted here?")
        message = f"No service answers at {self.url}."
        again = repeat is Repeat.ALWAYS or (repeat is Repeat.ONCE_HEARD and self._heard)
        may_pass = not isinstance(error, ValueError)  # a redirect or a link that is no address stays none
        return (NotNow if again and may_pass else ServiceUnavailable)(message, START_HINT)
