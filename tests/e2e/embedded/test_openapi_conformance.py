"""Whatever is sent, the service answers as its OpenAPI document says: no other status, type or shape, never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import pictures
from support.api_keys import bearer, write_keys
from support.api_process import ApiProcess
from support.image_server import ImageServer
from support.openapi_document import Asked, hold_to_its_document
from support.service import Service, csv_of
from support.webhook_receiver import WebhookReceiver

from imagebatch_embedded.data_directory import DataDirectory, Ports
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.seaweed_server import SeaweedServer
from imagebatch_embedded.supervisor import Installation

EXAMPLES = 80
CALLS = {"POST /upload", "GET /status/{request_id}/events", "DELETE /requests/{request_id}", "GET /metrics"}


def a_finished_request(service: Service, source: ImageServer, receiver: WebhookReceiver) -> str:
    """Make a request with an image that succeeded, one that failed, and a webhook."""
    good = source.add("/good.jpg", pictures.jpeg(64, 48))
    request_id = service.upload(csv_of([[good, source.url("/none.jpg")]]), webhook_url=receiver.address)
    service.finish(request_id)
    return request_id


@pytest.fixture
def ended(service: Service, image_source: ImageServer, webhook_receiver: WebhookReceiver) -> dict[str, str]:
    return {use: a_finished_request(service, image_source, webhook_receiver) for use in ("kept", "deleted")}


@pytest.fixture
def guarded(installation: Installation, tmp_path: Path) -> Iterator[ApiProcess]:
    """A second API over the installation's servers, which wants a key; `shop` may see what the first one made."""
    data = DataDirectory(installation.data)
    ports = Ports.read(installation.data / "ports.json")
    s3 = SeaweedServer(installation.data, ports.s3)
    environment = {
        "IMAGEBATCH_DATABASE_URL": PostgresServer(installation.data, ports.postgres).url(),
        "IMAGEBATCH_S3_ENDPOINT": s3.endpoint,
        "IMAGEBATCH_S3_ACCESS_KEY": s3.access_key,
        "IMAGEBATCH_S3_SECRET_KEY": s3.secret_key,
        "IMAGEBATCH_S3_BUCKET": s3.bucket,
        "IMAGEBATCH_LINK_SECRET": data.secret("link-secret"),
        "IMAGEBATCH_API_KEYS_FILE": str(write_keys(tmp_path / "keys", shop="shop-key:local")),
    }
    with ApiProcess(environment, free_port(), tmp_path / "api.log") as process:
        yield process


def test_every_call_is_answered_as_the_document_says(installation: Installation, ended: dict[str, str]):
    assert set(hold_to_its_document(Asked(installation.api_url, **ended), EXAMPLES)) >= CALLS


def test_every_call_of_a_service_with_keys_is_answered_as_the_document_says(guarded: ApiProcess, ended: dict[str, str]):
    asked = Asked(f"http://127.0.0.1:{guarded.port}", **ended, headers=bearer("shop-key"))
    assert set(hold_to_its_document(asked, EXAMPLES)) >= CALLS
