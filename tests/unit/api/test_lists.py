"""GET /requests and /requests/{id}/images: order, filters, pages."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted
from support.sample_batches import NOON, RUNNING, end, new_batch, progress, slots

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from support.asgi_client import AsgiClient


def put(batches: MemoryBatches, minutes: int = 0, owner: str = "local") -> str:
    new = new_batch(owner, NOON + timedelta(minutes=minutes))
    batches.batches[new.request_id] = as_accepted(new)
    return new.request_id


def put_ended(batches: MemoryBatches, minutes: int = 0) -> str:
    request_id = put(batches, minutes)
    batches.finish(request_id, end(), slots())
    return request_id


def ids(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["request_id"] for each in body["requests"]]


def test_requests_are_the_callers_newest_first_as_their_status_has_them(
    api: AsgiClient, batches: MemoryBatches
) -> None:
    old, new = put(batches, 0), put(batches, 5)
    put(batches, 9, owner="somebody else")
    answer = api.get("/requests")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert ids(answer.json()) == [new, old]
    assert answer.json()["requests"][0] == api.get(f"/status/{new}").json()
    assert answer.json()["next_page_token"] is None


def test_requests_by_status_are_only_those(api: AsgiClient, batches: MemoryBatches) -> None:
    pending, running, ended = put(batches, 0), put(batches, 1), put_ended(batches, 2)
    batches.record_progress(running, RUNNING, progress(1), NOON)
    assert ids(api.get("/requests?status=Pending").json()) == [pending]
    assert ids(api.get("/requests?status=Completed&status=Processing").json()) == [ended, running]


def test_requests_by_a_word_that_is_no_status_are_refused_with_the_parameters_name(api: AsgiClient) -> None:
    answer = api.get("/requests?status=Foo")
    assert (answer.status_code, [each["column"] for each in answer.json()["errors"]]) == (400, ["status"])


def test_requests_in_pages_are_all_once_although_more_are_made(api: AsgiClient, batches: MemoryBatches) -> None:
    made = [put(batches, minute // 2) for minute in range(7)]  # two of each time
    seen: list[str] = []
    token: str | None = ""
    while token is not None:
        page = api.get("/requests", params={"page_size": 2, "page_token": token}).json()
        assert len(page["requests"]) <= 2
        seen += ids(page)
        token = page["next_page_token"]
        put(batches, 60)
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, key=lambda found: (batches.batches[found].created_at, found), reverse=True)


def test_images_of_an_ended_request_tell_every_slot(api: AsgiClient, batches: MemoryBatches) -> None:
    answer = api.get(f"/requests/{put_ended(batches)}/images")
    first, second, third = answer.json()["images"]
    assert [(each["row"], each["position"]) for each in (first, second, third)] == [(0, 0), (0, 1), (1, 0)]
    assert (first["status"], first["code"], first["output_url"]) == ("Succeeded", None, "https://out.example/0.jpg?t=x")
    assert (first["bytes_in"], first["bytes_out"], first["width_in"]) == (200, 80, 10)
    assert (second["status"], second["code"], second["output_url"]) == ("Failed", "http_404", None)
    assert second["url"] == "https://img.example/2.jpg"


def test_images_before_the_end_are_none(api: AsgiClient, batches: MemoryBatches) -> None:
    assert api.get(f"/requests/{put(batches)}/images").json() == {"images": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("status=Succeeded", [(0, 0), (1, 0)]),
        ("status=Failed", [(0, 1)]),
        ("code=http_404", [(0, 1)]),
        ("status=Failed&code=timeout", []),
        ("status=Succeeded&code=http_404", []),
    ],
)
def test_images_by_status_and_code_are_only_those(
    api: AsgiClient, batches: MemoryBatches, query: str, positions: list[tuple[int, int]]
) -> None:
    images = api.get(f"/requests/{put_ended(batches)}/images?{query}").json()["images"]
    assert [(each["row"], each["position"]) for each in images] == positions


def test_images_in_pages_are_all_once(api: AsgiClient, batches: MemoryBatches) -> None:
    path = f"/requests/{put_ended(batches)}/images"
    seen, token = [], ""
    for _ in range(3):
        page = api.get(path, params={"page_size": 1, "page_token": token}).json()
        seen += [(each["row"], each["position"]) for each in page["images"]]
        token = page["next_page_token"]
    assert (seen, token) == ([(0, 0), (0, 1), (1, 0)], None)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_TOKENS = ["x", "%00", "ü", "=", "A" * 150, encoded("1.2.3"), encoded("99999999999999999.7b0c"), encoded("-1.0")]


@pytest.mark.parametrize("token", BAD_TOKENS)
@pytest.mark.parametrize("path", ["/requests", "/requests/{}/images"])
def test_list_with_a_page_token_of_no_list_is_400(
    api: AsgiClient, batches: MemoryBatches, path: str, token: str
) -> None:
    answer = api.get(path.format(put_ended(batches)), params={"page_token": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_page_token")


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=1001", "page_size=x", "status=Done", "code=%00", "page_token=" + "A" * 201]
)
def test_list_with_a_bad_parameter_is_400_and_names_it(api: AsgiClient, batches: MemoryBatches, query: str) -> None:
    answer = api.get(f"/requests/{put_ended(batches)}/images?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["column"] == query.partition("=")[0]
    assert api.get("/requests?status=Done").status_code == 400
    assert api.get("/requests?page_size=101").status_code == 400
