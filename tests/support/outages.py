"""Outages of database and store: an installation behind fault proxies, and moments at which something fails."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from support.dev_installation import site_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.servers import S3Server

    from support.accepted import Accepted
    from support.dev_installation import DevInstallation
    from support.fault_proxy import FaultProxy, HttpFaultProxy, Toxics
    from support.image_server import ImageServer
    from support.invariants import Site
    from support.loopback_server import Reply, Request
    from support.webhook_receiver import WebhookReceiver

MOMENT_SECONDS = 120.0


@dataclass(frozen=True)
class Network:
    """An installation whose database and store lie behind proxies."""

    dev: DevInstallation
    proxies: dict[str, FaultProxy]
    store: HttpFaultProxy
    database_url: str
    s3: S3Server
    prefix: str

    def site(self, source: ImageServer, receiver: WebhookReceiver) -> Site:
        """Where the invariants look: past the proxies."""
        seen = site_of(self.dev, source, receiver, database_url=self.database_url, s3=self.s3)
        return replace(seen, prefix=self.prefix)


def through_an_outage(proxy: FaultProxy, toxics: Toxics, batch: Accepted, dev: DevInstallation, seconds: float) -> None:
    """Have an outage now, looking at the batch meanwhile."""
    moment = Moment(proxy, toxics)
    moment.begin()
    moment.await_and_end(batch, dev, seconds)


class Moment:
    """An outage that begins when something happens, for instance when a certain request arrives."""

    def __init__(self, proxy: FaultProxy, toxics: Toxics) -> None:
        self._proxy = proxy
        self._toxics = toxics
        self._began_at: float | None = None

    def begin(self) -> None:
        self._proxy.inflict(self._toxics)
        self._began_at = time.monotonic()

    def before(self, answer: Callable[[Request], Reply], request_id: str) -> Callable[[Request], Reply]:
        """Return `answer`, with the outage beginning when it is first told of a batch."""

        def begun(request: Request) -> Reply:
            if self._began_at is None and request_id.encode() in request.body:
                self.begin()
            return answer(request)

        return begun

    def await_and_end(self, batch: Accepted, dev: DevInstallation, seconds: float) -> None:
        """Wait for the beginning, then for `seconds`, and heal the network."""
        eventually(lambda: batch.look(dev.service()) or self._began_at, MOMENT_SECONDS, "the moment")
        began_at = eventually(lambda: self._began_at, MOMENT_SECONDS, "the moment")
        try:
            eventually(lambda: self._is_over(batch, dev, began_at + seconds), seconds + MOMENT_SECONDS)
        finally:
            self._proxy.heal()

    def _is_over(self, batch: Accepted, dev: DevInstallation, end: float) -> bool:
        batch.look(dev.service())
        return time.monotonic() > end
