"""Database and store slow, failing, silent and gone in each phase of a batch: it waits, tells, and finishes.

Each outage lasts a moment here; `make faults` says by FAULT_SECONDS that it lasts two minutes.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest
from fixtures.servers import S3Server
from support import pictures
from support.accepted import Accepted, send
from support.dev_installation import DevInstallation
from support.fault_proxy import FaultProxy, HttpFaultProxy, Toxics
from support.image_server import ImageServer
from support.invariants import check_all
from support.open_folder import open_folder
from support.outages import Moment, Network, through_an_outage
from support.service import csv_of
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

from imagebatch_embedded.postgres_server import PostgresServer

IMAGES = 400
FEW_IMAGES = 40
MIDDLE = 60
FINISH_SECONDS = 120.0
NOTICE_SECONDS = 120.0  # a silent database is noticed after some 40
ALLOWED = "127.0.0.1/32:*"

SLOW = Toxics(latency_seconds=0.05, bytes_per_second=2_000_000)
GONE, SILENT = Toxics(gone=True), Toxics(silent=True)
CUT = Toxics(limit_bytes=1_000)


@pytest.fixture(scope="module")
def seconds() -> float:
    """How long each outage lasts."""
    return float(os.environ.get("FAULT_SECONDS", "2"))


@pytest.fixture(scope="module")
def network(postgres_server: PostgresServer, s3_server: S3Server) -> Iterator[Network]:
    database, prefix = f"outages_{uuid.uuid4().hex}", f"outages-{uuid.uuid4().hex}/"
    with closing(psycopg2.connect(postgres_server.url())) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {database}")
    url = postgres_server.url(database)
    with (
        FaultProxy(postgres_server.port) as database_proxy,
        HttpFaultProxy(urlsplit(s3_server.endpoint).port or 0) as store_proxy,
        open_folder() as folder,
        DevInstallation(
            folder / "data",
            {
                "IMAGEBATCH_FETCH_ALLOW": ALLOWED,
                "IMAGEBATCH_WEBHOOK_ALLOW": ALLOWED,
                "IMAGEBATCH_DATABASE_URL": url.replace(f":{postgres_server.port}/", f":{database_proxy.port}/"),
                "IMAGEBATCH_S3_ENDPOINT": f"http://127.0.0.1:{store_proxy.port}",
                "IMAGEBATCH_S3_ACCESS_KEY": s3_server.access_key,
                "IMAGEBATCH_S3_SECRET_KEY": s3_server.secret_key,
                "IMAGEBATCH_S3_BUCKET": s3_server.bucket,
                "IMAGEBATCH_S3_PREFIX": prefix,
            },
        ) as dev,
    ):
        proxies = {"database": database_proxy, "store": store_proxy}
        yield Network(dev, proxies, store_proxy, url, s3_server, prefix)


def send_slow(network: Network, source: ImageServer, receiver: WebhookReceiver, name: str) -> Accepted:
    """Upload a batch that cannot end before the test has said what is to happen then."""
    return send(network.dev.service(), source, FEW_IMAGES, receiver.address, name, delay_seconds=1.0)


@pytest.mark.parametrize(
    ("dependency", "toxics"),
    [
        pytest.param("database", SLOW, id="database-slow"),
        pytest.param("database", CUT, id="database-cut"),
        pytest.param("database", SILENT, id="database-silent"),
        pytest.param("database", GONE, id="database-gone"),
        pytest.param("store", SLOW, id="store-slow"),
        pytest.param("store", Toxics(status=503), id="store-503"),
        pytest.param("store", Toxics(status=403), id="store-403"),
        pytest.param("store", Toxics(status=500, every=3), id="store-500-now-and-then"),
        pytest.param("store", Toxics(cut_uploads=True), id="store-cut-uploads"),
        pytest.param("store", SILENT, id="store-silent"),
        pytest.param("store", GONE, id="store-gone"),
    ],
)
def test_batch_when_a_dependency_fails_in_each_phase_finishes_and_keeps_every_invariant(
    network: Network,
    image_source: ImageServer,
    webhook_receiver: WebhookReceiver,
    seconds: float,
    dependency: str,
    toxics: Toxics,
) -> None:
    proxy, dev = network.proxies[dependency], network.dev
    running = send(dev.service(), image_source, IMAGES, webhook_receiver.address, "running-")
    running.follow(dev.service, FINISH_SECONDS, until=lambda each: each.done > MIDDLE)
    through_an_outage(proxy, toxics, running, dev, seconds)
    running.follow(dev.service, FINISH_SECONDS)

    settling, at_settling = send_slow(network, image_source, webhook_receiver, "settling-"), Moment(proxy, toxics)
    network.store.when_asked_for(f"{settling.request_id}/report.json", at_settling.begin)
    at_settling.await_and_end(settling, dev, seconds)
    settling.follow(dev.service, FINISH_SECONDS)

    delivering, at_delivering = send_slow(network, image_source, webhook_receiver, "delivering-"), Moment(proxy, toxics)
    webhook_receiver.answer = at_delivering.before(webhook_receiver.answer, delivering.request_id)
    at_delivering.await_and_end(delivering, dev, seconds)
    delivering.follow(dev.service, FINISH_SECONDS)

    check_all(network.site(image_source, webhook_receiver), batches := [running, settling, delivering])
    assert {batch.last["reason"] for batch in batches} == {"AllSucceeded"}


@pytest.mark.parametrize(
    ("dependency", "toxics"),
    [
        pytest.param("database", CUT, id="database-cut"),
        pytest.param("database", SILENT, id="database-silent"),
        pytest.param("database", GONE, id="database-gone"),
        pytest.param("store", Toxics(status=503), id="store-503"),
        pytest.param("store", Toxics(status=403), id="store-403"),
        pytest.param("store", SILENT, id="store-silent"),
        pytest.param("store", GONE, id="store-gone"),
    ],
)
def test_upload_when_a_dependency_fails_is_503_and_readyz_names_it(
    network: Network, image_source: ImageServer, webhook_receiver: WebhookReceiver, dependency: str, toxics: Toxics
) -> None:
    proxy, service = network.proxies[dependency], network.dev.service()
    data = csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]])
    site, accepted = network.site(image_source, webhook_receiver), "SELECT request_id FROM file_processing"
    before = site.rows(accepted)
    with httpx.Client(base_url=service.http.base_url, timeout=NOTICE_SECONDS, trust_env=False) as client:
        proxy.inflict(toxics)
        try:
            answer = client.post("/upload", content=data, headers={"content-type": "text/csv"})
            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] == f"{dependency}_unavailable"
            assert int(answer.headers["retry-after"]) > 0
            eventually(lambda: dependency in unready(client), NOTICE_SECONDS, "/readyz names it")
            assert client.get("/livez").status_code == 200
        finally:
            proxy.heal()
        eventually(lambda: unready(client) == [], NOTICE_SECONDS, "/readyz is well again")
    assert site.rows(accepted) == before
    assert service.finish(service.upload(data))["status"] == "Completed"


def unready(client: httpx.Client) -> list[str]:
    """Return the dependencies that /readyz names as not ready."""
    return [each["name"] for each in client.get("/readyz").json()["dependencies"] if not each["ready"]]
