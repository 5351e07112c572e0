"""A link's token opens one object; without it nothing is said, not even whether the object exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imagebatch.model import names

if TYPE_CHECKING:
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch.settings import ApiSettings

ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
KEY = names.image_key(ID, "3.jpg")
PATH = names.public_path(KEY)


@pytest.fixture
def token(settings: ApiSettings, store: MemoryBlobStore) -> str:
    store.put(KEY, b"picture", "image/jpeg")
    store.put(names.image_key(ID, "4.jpg"), b"another", "image/jpeg")
    store.calls.clear()
    return names.link_token(settings.links.link_secret.encode(), KEY)


def test_link_with_its_token_opens(api: AsgiClient, token: str) -> None:
    assert api.get(f"{PATH}?t={token}").content == b"picture"


@pytest.mark.parametrize("query", ["", "?t=", "?t=wrong", "?t=%C3%BC", "?token={token}", "?t={token}x", "?t={short}"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_link_without_its_token_is_403_and_reads_nothing(
    api: AsgiClient, store: MemoryBlobStore, token: str, query: str, method: str
) -> None:
    answer = api.request(method, PATH + query.format(token=token, short=token[:-1]))
    assert answer.status_code == 403
    if method == "GET":
        assert answer.json()["code"] == "invalid_link_token"
    assert store.calls == []


def test_link_token_of_another_file_is_403(api: AsgiClient, token: str) -> None:
    for other in ("images/4.jpg", "output.csv", "images/99.jpg"):
        assert api.get(f"/results/{ID}/{other}?t={token}").status_code == 403
    assert api.get(f"/results/00000000-0000-4000-8000-000000000000/images/3.jpg?t={token}").status_code == 403


@pytest.mark.parametrize(
    "name", ["..%2foutput.csv", "%2e%2e", ".jpg", "3", "3.jpg%00", "3.JPG", "-1.jpg", "3.jpg/more", "x" * 300]
)
def test_link_to_what_is_no_image_name_is_404(
    api: AsgiClient, store: MemoryBlobStore, settings: ApiSettings, name: str
) -> None:
    token = names.link_token(settings.links.link_secret.encode(), names.image_key(ID, name))
    assert api.get(f"/results/{ID}/images/{name}?t={token}").status_code == 404
    assert store.calls == []


@pytest.mark.parametrize("name", ["input.csv", "plan.json", "images.jsonl", "shards/0.jsonl"])
def test_link_to_an_inner_object_is_404(api: AsgiClient, settings: ApiSettings, name: str) -> None:
    token = names.link_token(settings.links.link_secret.encode(), names.request_prefix(ID) + name)
    assert api.get(f"/results/{ID}/{name}?t={token}").status_code == 404
