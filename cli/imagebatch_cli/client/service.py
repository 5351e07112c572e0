"""The calls of the REST service, one method each. Made in `options.connect`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from imagebatch_cli.batch_status import BatchStatus
from imagebatch_cli.client import shapes
from imagebatch_cli.client.answers import date_of, json_of, retry_after
from imagebatch_cli.client.listing import Listing, Page
from imagebatch_cli.client.transport import Repeat, Transport
from imagebatch_cli.errors import MachineFault, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

PIECE_BYTES = 256 * 1024
REQUESTS_PAGE, IMAGES_PAGE = 100, 1_000


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the service says of itself. `dependencies` maps a name to what is wrong, None where nothing is.

    `date` is the service's clock, cut to whole seconds; None where it did not tell.
    """

    ready: bool
    dependencies: Mapping[str, str | None]
    date: datetime | None


class ServiceClient:
    """One service. Every method raises ServiceRefused for a no of the service, ServiceUnavailable without an answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.url = transport.url
        self.wait = transport.wait

    def upload(self, csv: bytes, options: Mapping[str, str], idempotency_key: str) -> str:
        """Upload a CSV and return the request id. Under its key it may be sent again without a second batch."""
        hint = f"With --idempotency-key {idempotency_key} it can be sent again: it will be accepted only once."
        try:
            answer = self._post_csv(csv, options, Repeat.ALWAYS, {"Idempotency-Key": idempotency_key})
            return str(json_of(answer, self.url, shapes.ACCEPTED)["request_id"])
        except ServiceUnavailable as error:
            raise ServiceUnavailable(error.message, f"{error.hint}\n{hint}".strip()) from error

    def plan(self, csv: bytes, options: Mapping[str, str]) -> dict[str, Any]:
        """Return what would be done with a CSV; nothing is stored."""
        answer = self._post_csv(csv, {**options, "dry_run": "true"}, Repeat.ONCE_HEARD, {})
        return json_of(answer, self.url, shapes.PLAN)

    def status(self, request_id: str) -> BatchStatus:
        """Return how a batch stands now."""
        return self._status(self._transport.send("GET", f"/status/{_part(request_id)}"))

    def cancel(self, request_id: str) -> BatchStatus:
        """End a batch, and return how it stands."""
        return self._status(self._transport.send("POST", f"/requests/{_part(request_id)}/cancel"))

    def suspend(self, request_id: str) -> BatchStatus:
        """Let a batch rest, and return how it stands."""
        return self._status(self._transport.send("POST", f"/requests/{_part(request_id)}/suspend"))

    def resume(self, request_id: str) -> BatchStatus:
        """Let a suspended batch go on, and return how it stands."""
        return self._status(self._transport.send("POST", f"/requests/{_part(request_id)}/resume"))

    def retry(self, request_id: str) -> str:
        """Have the failed images of a batch tried again, and return the id of that batch, the same every time."""
        answer = self._transport.send("POST", f"/requests/{_part(request_id)}/retry")
        return str(json_of(answer, self.url, shapes.ACCEPTED)["request_id"])

    def delete(self, request_id: str) -> None:
        """Delete a batch that has ended."""
        self._transport.send("DELETE", f"/requests/{_part(request_id)}")

    def batches(self, statuses: Sequence[str], most: int | None) -> Listing:
        """Return the newest batches, of any status if none is given."""
        return self._listing("/requests", {"status": list(statuses)}, most, REQUESTS_PAGE)

    def images(self, request_id: str, status: str | None, code: str | None, most: int | None) -> Listing:
        """Return a batch's images, all of them or those of a status or an error code."""
        path = f"/requests/{_part(request_id)}/images"
        return self._listing(path, {"status": status, "code": code}, most, IMAGES_PAGE)

    def webhook(self, request_id: str) -> dict[str, Any]:
        """Return where a batch's webhook stands, with every attempt."""
        return self._webhook(self._transport.send("GET", f"/requests/{_part(request_id)}/webhook"))

    def redeliver(self, request_id: str) -> dict[str, Any]:
        """Have a batch's webhook sent again."""
        path = f"/requests/{_part(request_id)}/webhook/redeliver"
        return self._webhook(self._transport.send("POST", path, Repeat.NEVER))

    def readiness(self) -> Readiness:
        """Return what the service says of itself now: asked once, and "not ready" is an answer."""
        answer = self._transport.look("/readyz")
        body = json_of(answer, self.url, shapes.READINESS)
        wrong = {str(each["name"]): None if each["ready"] else str(each["message"]) for each in body["dependencies"]}
        return Readiness(answer.ok and bool(body.get("ready")), wrong, date_of(answer))

    def read(self, url: str) -> bytes:
        """Return a result file."""
        return self._transport.send("GET", url).content

    def report(self, url: str) -> dict[str, Any]:
        """Return the result file report.json."""
        return json_of(self._transport.send("GET", url), url, shapes.REPORT)

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
        with self._transport.send("GET", url, stream=True) as answer:
            try:
                yield from answer.iter_content(PIECE_BYTES)
            except requests.RequestException as error:
                raise ServiceUnavailable(f"The download of {url} broke off.") from error

    def _post_csv(
        self, csv: bytes, options: Mapping[str, str], repeat: Repeat, headers: Mapping[str, str]
    ) -> requests.Response:
        sent = {"Content-Type": "text/csv", **headers}
        return self._transport.send("POST", "/upload", repeat, params=dict(options), data=csv, headers=sent)

    def _status(self, answer: requests.Response) -> BatchStatus:
        return BatchStatus(json_of(answer, self.url, shapes.STATUS), retry_after(answer))

    def _webhook(self, answer: requests.Response) -> dict[str, Any]:
        return json_of(answer, self.url, shapes.WEBHOOK)

    def _listing(self, path: str, filters: Mapping[str, Any], most: int | None, page_size: int) -> Listing:
        name = path.rpartition("/")[2]

        def page(size: int, token: str | None) -> Page:
            answer = self._transport.send("GET", path, params={**filters, "page_size": size, "page_token": token})
            body = json_of(answer, self.url, shapes.PAGES[name])
            return body[name], body.get("next_page_token")

        return Listing(page, most, page_size)


def connect(url: str, api_key: str | None, tell: Callable[[str], None]) -> ServiceClient:
    """Return a client of the service at `url`; nothing is sent yet. Raises WrongUse."""
    return ServiceClient(Transport(url, api_key, tell=tell))


def _part(request_id: str) -> str:
    """Return an id as one part of a path, whatever it holds."""
    return quote(request_id, safe="")
