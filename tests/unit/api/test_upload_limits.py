"""Limits of an upload that hold while its body streams, without a Content-Length too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.asgi_client import AsgiClient

from imagebatch_api.app import create_app
from imagebatch_api.problems import LINGER_BYTES
from imagebatch_api.receive import FORM_OVERHEAD_BYTES, MAX_FIELD_BYTES, MAX_FIELDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fakes.memory_batches import MemoryBatches
    from starlette.types import Message, Receive, Scope, Send

    from imagebatch.settings import ApiSettings
    from imagebatch_api.container import Container

HEADER = b"S. No.,Product Name,Input Image Urls\n"
ROW = b"1,Lamp,https://a.example/1.jpg\n"
PIECE = b"a" * 65_536
BOUNDARY = "b0undary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
RAW = {"Content-Type": "text/csv"}


class Body:
    """Pieces over and over, without a length. `taken` bytes were read, `taken_at_answer` when the answer began."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.taken = self.taken_at_answer = 0
        self._start = start
        self._piece = piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._start
        while True:
            self.taken += len(self._piece)
            yield self._piece

    def send_to(self, container: Container, headers: dict[str, str]) -> httpx.Response:
        app = create_app(container)

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.taken_at_answer = self.taken
                await send(message)

            await app(scope, receive, noted)

        with AsgiClient(noting) as client:
            return client.post("/upload", content=self, headers=headers)


def part(name: str, content: bytes = b"", filename: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content


FILE_START = part("file", HEADER, "products.csv")


@pytest.mark.parametrize(("headers", "start"), [(RAW, HEADER), (FORM, FILE_START)])
def test_upload_without_end_or_length_is_413_soon_after_the_limit(
    container: Container, settings: ApiSettings, headers: dict[str, str], start: bytes
) -> None:
    body = Body(start, PIECE)
    answer = body.send_to(container, headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["connection"] == "close"
    assert body.taken_at_answer <= settings.intake.max_upload_bytes + FORM_OVERHEAD_BYTES + 2 * len(PIECE)
    assert body.taken <= body.taken_at_answer + LINGER_BYTES + len(PIECE)


@pytest.mark.parametrize("headers", [RAW, FORM])
def test_upload_that_announces_too_much_is_413_before_it_is_read(container: Container, headers: dict[str, str]) -> None:
    body = Body(b"", PIECE)
    answer = body.send_to(container, {**headers, "Content-Length": "99999999"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert body.taken_at_answer == 0


@pytest.mark.parametrize("kind", ["form", "raw"])
@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413)])
def test_upload_of_the_limit_is_accepted_and_one_byte_more_is_413(
    api: AsgiClient, settings: ApiSettings, kind: str, extra: int, status: int
) -> None:
    start = b"S. No.,Product Name,Input Image Urls,Notes\n1,Lamp,https://a.example/1.jpg,"
    csv = start + b"n" * (settings.intake.max_upload_bytes - len(start) + extra)
    if kind == "form":
        answer = api.post("/upload", files={"file": ("products.csv", csv)})
    else:
        answer = api.post("/upload", content=csv, headers=RAW)
    assert answer.status_code == status


def test_upload_with_100_000_form_fields_is_400_before_it_is_read(container: Container) -> None:
    body = Body(b"", part("quality", b"50\r\n") * 500)
    answer = body.send_to(container, FORM)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
    assert str(MAX_FIELDS) in answer.json()["detail"]
    assert body.taken_at_answer <= 500 * 100


@pytest.mark.parametrize(
    "content",
    [
        part("quality", b"5" * (MAX_FIELD_BYTES + 1)),
        part("file", HEADER + ROW, "a.csv") + b"\r\n" + part("file", ROW, "b.csv"),
        b"this is no form",
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nnameless".encode(),
        f"--{BOUNDARY}\r\n".encode() + b"X-Long: " + b"x" * 100_000,
        b"\x00\xff" * 100,
    ],
    ids=["long field", "two files", "no form", "nameless part", "long header", "bytes"],
)
def test_upload_of_a_broken_form_is_400_and_nothing_else(
    api: AsgiClient, batches: MemoryBatches, content: bytes
) -> None:
    answer = api.post("/upload", content=content, headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
    assert batches.batches == {}


@pytest.mark.parametrize("content", [b"", FILE_START, FILE_START[:40], FILE_START + b"\r\n--b0und"])
def test_upload_of_a_form_that_breaks_off_is_400(api: AsgiClient, batches: MemoryBatches, content: bytes) -> None:
    answer = api.post("/upload", content=content, headers=FORM)
    assert answer.status_code == 400
    assert batches.batches == {}


@pytest.mark.parametrize("charset", ["punycode", "undefined", "unicode_escape", "utf-7", "no-such", "utf-16"])
@pytest.mark.parametrize("name", ["\\ud800", "+2AA-", "..xx-.."])
def test_upload_of_a_form_is_read_as_utf_8_whatever_charset_it_names(api: AsgiClient, name: str, charset: str) -> None:
    content = FILE_START + ROW + b"\r\n" + part(name, b"50") + f"\r\n--{BOUNDARY}--\r\n".encode()
    answer = api.post(
        "/upload", content=content, headers={"Content-Type": f"{FORM['Content-Type']}; charset={charset}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["column"] == name


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 5_000])
def test_upload_of_a_form_with_a_bad_boundary_is_400(api: AsgiClient, boundary: str) -> None:
    answer = api.post("/upload", content=FILE_START, headers={"Content-Type": "multipart/form-data" + boundary})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
