"""Who may see what: API keys, owners, and the service without keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted
from support.api_keys import bearer, write_keys
from support.asgi_client import AsgiClient
from support.sample_batches import new_batch

from imagebatch.model import names
from imagebatch.model.errors import Misconfigured
from imagebatch_api.app import create_app
from imagebatch_api.container import build_container
from imagebatch_api.keys import KeyFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from httpx import Response

    from imagebatch.settings import ApiSettings
    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
RAW = {"Content-Type": "text/csv"}
SHOP, ADMIN = bearer("shop-key"), bearer("admin-key")
NAMED = [
    ("GET", "/status/{}"),
    ("GET", "/status/{}/events"),
    ("GET", "/requests/{}/images"),
    ("GET", "/requests/{}/webhook"),
    ("POST", "/requests/{}/cancel"),
    ("POST", "/requests/{}/retry"),
    ("POST", "/requests/{}/webhook/redeliver"),
    ("DELETE", "/requests/{}"),
]
ASKED = [("POST", "/upload"), ("GET", "/requests"), *NAMED]
OPEN = ["/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json"]


@pytest.fixture
def guarded(container: Container, tmp_path: Path) -> Iterator[AsgiClient]:
    """The API with keys."""
    keys = KeyFile(write_keys(tmp_path / "keys", shop="shop-key", admin="admin-key:shop,local", other="other-key"))
    with AsgiClient(create_app(replace(container, keys=keys))) as client:
        yield client


def test_call_with_a_key_in_other_letters_is_answered(container: Container, tmp_path: Path) -> None:
    keys = KeyFile(write_keys(tmp_path / "keys", shop="schlüssel-ключ"))
    with AsgiClient(create_app(replace(container, keys=keys))) as client:
        headers = {"Authorization": "Bearer schlüssel-ключ".encode()}
        assert client.request("GET", "/requests", headers=headers).status_code == 200


@pytest.fixture
def shops(batches: MemoryBatches) -> str:
    """The id of a request of the shop's."""
    new = new_batch(owner="shop")
    batches.batches[new.request_id] = as_accepted(new)
    return new.request_id


def is_refused(answer: Response) -> bool:
    assert answer.json()["code"] == "unauthorized"
    return (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(("method", "path"), ASKED)
@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic c2hvcDpzaG9w"}, bearer("")])
def test_call_without_a_known_key_is_401(
    guarded: AsgiClient, shops: str, method: str, path: str, headers: dict[str, str]
) -> None:
    assert is_refused(guarded.request(method, path.format(shops), headers=headers))
    assert is_refused(guarded.request(method, path.format("no-id"), headers=headers))


def test_upload_without_a_key_is_401_and_leaves_nothing(
    guarded: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore
) -> None:
    answer = guarded.post("/upload", content=CSV, headers=RAW)
    assert is_refused(answer)
    assert answer.headers["connection"] == "close"
    assert (batches.batches, store.calls) == ({}, [])


@pytest.mark.parametrize(("method", "path"), NAMED)
def test_call_about_another_owners_request_is_404_like_none(
    guarded: AsgiClient, batches: MemoryBatches, shops: str, method: str, path: str
) -> None:
    foreign = guarded.request(method, path.format(shops), headers=bearer("other-key"))
    unknown = guarded.request(method, path.format("00000000-0000-4000-8000-000000000000"), headers=SHOP)
    assert foreign.status_code == 404
    assert foreign.json() == unknown.json()
    assert not batches.batches[shops].intent.cancel


def test_key_makes_what_is_its_own_and_sees_what_is_listed(guarded: AsgiClient, batches: MemoryBatches) -> None:
    made = [guarded.post("/upload", content=CSV, headers={**RAW, **key}).json()["request_id"] for key in (SHOP, ADMIN)]
    assert [batches.batches[each].owner for each in made] == ["shop", "admin"]
    seen = {each["request_id"] for each in guarded.get("/requests", headers=ADMIN).json()["requests"]}
    assert seen == set(made)
    assert guarded.get(f"/status/{made[0]}", headers=ADMIN).status_code == 200
    assert guarded.get(f"/status/{made[1]}", headers=SHOP).status_code == 404


@pytest.mark.parametrize("path", OPEN)
def test_health_and_description_need_no_key(guarded: AsgiClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_result_opens_by_token_or_by_the_owners_key(
    guarded: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, settings: ApiSettings, shops: str
) -> None:
    key = names.result_key(shops, names.OUTPUT_CSV)
    store.put(key, CSV, "text/csv")
    path = names.public_path(key)
    token = names.link_token(settings.links.link_secret.encode(), key)
    assert guarded.get(path, params={"t": token}, headers=bearer("wrong")).content == CSV
    assert guarded.get(path, headers=SHOP).content == CSV
    assert guarded.head(path, headers=ADMIN).status_code == 200
    assert guarded.get(path, headers=bearer("other-key")).status_code == 404
    assert is_refused(guarded.get(path))
    assert is_refused(guarded.get(path, headers=bearer("wrong")))
    assert guarded.get(path, params={"t": "x"}).json()["code"] == "invalid_link_token"


def test_result_with_a_token_needs_no_database(
    guarded: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, settings: ApiSettings, shops: str
) -> None:
    key = names.image_key(shops, "0.jpg")
    store.put(key, b"picture", "image/jpeg")
    batches.outage = RuntimeError("nobody may ask")  # type: ignore[assignment]
    link = names.public_link("", settings.links.link_secret.encode(), key)
    assert guarded.get(link).content == b"picture"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "images.example.com"])
def test_service_without_keys_on_an_open_address_is_misconfigured(settings: ApiSettings, host: str) -> None:
    with pytest.raises(Misconfigured, match="IMAGEBATCH_API_KEYS_FILE"):
        build_container(replace(settings, host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_service_without_keys_on_the_loopback_is_built(settings: ApiSettings, host: str) -> None:
    build_container(replace(settings, host=host)).close()
