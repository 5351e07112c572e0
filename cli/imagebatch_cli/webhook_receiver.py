"""A receiver of webhooks that verifies their signature (Standard Webhooks). Used by `webhook listen` and `demo`."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from imagebatch_cli.errors import MachineFault, WrongUse
from imagebatch_cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATH = "/webhook"
MAX_BODY_BYTES = 1024 * 1024
SOCKET_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ReceivedDelivery:
    """One POST. `fault` says why its signature does not hold; `body` is read only when it does."""

    webhook_id: str
    body: dict[str, Any] | None
    fault: str | None = None

    @property
    def verified(self) -> bool:
        """True when the signature holds."""
        return self.fault is None


class WebhookReceiver:
    """Listens on `host`:`port` (0: a free one) and hands every delivery to `on_delivery`, from a thread of its own.

    Answers 204 to a verified delivery and 401 to any other. Raises WrongUse for a bad secret, MachineFault when it
    cannot listen.
    """

    def __init__(
        self, secret: str, on_delivery: Callable[[ReceivedDelivery], None], *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.key = signing_key(secret)
        self.on_delivery = on_delivery
        try:
            self._server = _Server((host, port), self)
        except (OSError, OverflowError) as error:
            raise MachineFault(f"Nothing can listen on {host}:{port}: {error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What to give as `webhook_url` on this machine."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def signing_key(secret: str) -> Webhook:
    """Return what verifies with a secret (`whsec_…`). Raises WrongUse."""
    try:
        return Webhook(secret.strip())
    except (ValueError, RuntimeError, EmptyWebhookSecretError) as error:
        raise WrongUse("The secret is no signing key: it looks like whsec_ and base64.") from error


def judge(key: Webhook, body: bytes, headers: Mapping[str, str]) -> ReceivedDelivery:
    """Return a delivery with the verdict on its signature; header names are lower-case."""
    webhook_id = headers.get("webhook-id", "")
    try:
        said = key.verify(body, dict(headers))
        return ReceivedDelivery(webhook_id, said if isinstance(said, dict) else None)
    except (WebhookVerificationError, ValueError) as error:  # ValueError: not base64, not UTF-8, not JSON
        return ReceivedDelivery(webhook_id, None, str(error) or "malformed")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: WebhookReceiver) -> None:
        self.owner = owner
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """Tell in a line why a delivery was lost; not of a sender that breaks off, since it sends again."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            Terminal().tell(f"A delivery could not be taken: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SOCKET_SECONDS

    def log_message(self, *_: object) -> None:
        """Keep quiet: the deliveries are what is told."""

    def do_POST(self) -> None:
        """Take a delivery."""
        length = self.headers.get("Content-Length", "")
        if self.path.partition("?")[0] != PATH:
            self._answer(404)
        elif not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._answer(413)
        else:
            body = self.rfile.read(int(length))
            owner = self.server.owner
            delivery = judge(owner.key, body, {name.lower(): value for name, value in self.headers.items()})
            owner.on_delivery(delivery)
            self._answer(204 if delivery.verified else 401)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def described(delivery: ReceivedDelivery) -> str:
    """Return a delivery in one line."""
    if not delivery.verified:
        return f"refused   {delivery.webhook_id or '(no webhook-id)'}: {delivery.fault}"
    body = delivery.body or {}
    known = [str(body[name]) for name in ("request_id", "status", "reason") if name in body]
    counts = [json.dumps(body["counts"])] if "counts" in body else []
    return f"verified  {delivery.webhook_id}: {' '.join(known + counts)}"
