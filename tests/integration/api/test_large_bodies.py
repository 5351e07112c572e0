"""Memory of the service under large, endless and many uploads, over real sockets."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.api_process import ApiProcess

MEBIBYTE = 1024 * 1024
LIMIT = 10 * MEBIBYTE
CLIENTS = 16
HEADER = b"S. No.,Product Name,Input Image Urls\n"
FORM_START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


def csv_of_the_limit() -> bytes:
    """50,000 rows with three URLs each, filled up to the last byte allowed."""
    rows = [
        f'{n},Lamp{"x" * 50},"{",".join(f"https://images.example/{n:05}/{k}.jpg" for k in range(3))}"\n'.encode()
        for n in range(1, 50_001)
    ]
    data = HEADER + b"".join(rows)
    return data + b"\n" * (LIMIT - len(data))


def test_upload_of_10_mebibytes_takes_bounded_memory(api: ApiProcess) -> None:
    data = csv_of_the_limit()
    assert len(data) == LIMIT
    status, _, body = api.ask("POST", "/upload?dry_run=true", data, Content_Type="text/csv")
    assert (status, json.loads(body)["slots"]) == (200, 150_000)
    status, _, body = api.ask("POST", "/upload", data, Content_Type="text/csv")
    assert status == 200, body
    assert api.peak_bytes() < 320 * MEBIBYTE


def test_upload_of_12_mebibytes_at_once_by_many_is_413_for_each(api: ApiProcess) -> None:
    body = b"x" * (12 * MEBIBYTE)
    before = api.peak_bytes()

    def refused(_: int) -> tuple[int, str]:
        # As chunks: nothing tells the length beforehand, and the answer comes while the rest is still being sent.
        connection = api.connect()
        chunks = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
        # Who sends for longer than the service listens is cut off; the answer, sent before that, is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", "/upload", chunks, {"Content-Type": "text/csv"}, encode_chunked=True)
        answer = connection.getresponse()
        code = json.loads(answer.read())["code"]
        connection.close()
        return answer.status, code

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert list(pool.map(refused, range(CLIENTS))) == [(413, "too_large")] * CLIENTS
    assert api.peak_bytes() - before < 64 * MEBIBYTE


@pytest.mark.parametrize(
    ("content_type", "start"), [("text/csv", HEADER), ("multipart/form-data; boundary=b", FORM_START)]
)
def test_upload_without_end_is_refused_and_cut_with_flat_memory(
    api: ApiProcess, content_type: str, start: bytes
) -> None:
    before = api.peak_bytes()
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as client:
        head = f"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode() + b"%x\r\n%s\r\n" % (len(start), start))
        sent = sent_until_cut(client, b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536))
    assert sent < 64 * MEBIBYTE
    assert api.peak_bytes() - before < 16 * MEBIBYTE
    assert "413" in api.log.read_text()
    assert api.ask("GET", "/livez")[0] == 200


HOSTILE = {
    "bad rows": HEADER + b"x,,\n" * (LIMIT // 4 - len(HEADER)),
    "undecodable": b"\xff\xfe" + b"\x00\xd8" * (LIMIT // 2 - 1),
    "wide header": HEADER[:-1] + b",ab" * (LIMIT // 3 - 40) + b"\n1,Lamp,https://a.example/1.jpg\n",
    "wide row": HEADER + b"1,Lamp,https://a.example/1.jpg" + b",ab" * (LIMIT // 3 - 40),
    "one endless cell": HEADER + b'1,Lamp,"' + b"https://a.example/1.jpg," * (LIMIT // 24 - 10),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_uploads_of_10_mebibytes_by_sixteen_at_once_keep_memory_flat(api: ApiProcess, data: bytes) -> None:
    assert LIMIT * 0.9 < len(data) <= LIMIT

    def refused(_: int) -> int:
        # The last of them waits until all others were read.
        return api.ask("POST", "/upload", data, timeout_seconds=240, Content_Type="text/csv")[0]

    with ThreadPoolExecutor(CLIENTS) as clients:
        assert set(clients.map(refused, range(CLIENTS))) == {400}
    assert api.peak_bytes() < 320 * MEBIBYTE  # one is read at a time; all held at once would be over it
    assert api.ask("GET", "/readyz")[0] == 200


def test_upload_of_short_rows_under_a_wide_header_takes_no_more_memory_than_others(api: ApiProcess) -> None:
    rows = b"".join(b"%d,Lamp,https://a.example/1.jpg\n" % n for n in range(1, 50_001))
    assert api.ask("POST", "/upload", HEADER[:-1] + b",x" * 990 + b"\n" + rows, Content_Type="text/csv")[0] == 200
    assert api.peak_bytes() < 320 * MEBIBYTE


def sent_until_cut(client: socket.socket, piece: bytes) -> int:
    sent = 0
    try:
        while sent < 1024 * MEBIBYTE:
            client.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        return sent
    raise AssertionError(f"the service took {sent} bytes and wants more")
