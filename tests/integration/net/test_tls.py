"""TLS on the loopback: certificates are verified, and the name in the URL is the one that counts."""

import io
import ssl
import subprocess
from pathlib import Path

import pytest

from imagebatch.model.errors import ImageRejected, Misconfigured
from imagebatch.net import sockets
from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import FetchLimits

LIMITS = FetchLimits(deadline_seconds=5.0, attempts=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """One file with a key and a certificate for `img.example` and 127.0.0.1, signed by itself."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:img.example,IP:127.0.0.1"]
    subprocess.run(
        [*command, "-days", "2", *names, "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True
    )
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@pytest.fixture
def tls_server(new_server, certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    names: list[str] = []
    context.sni_callback = lambda connection, name, used: names.append(name)

    def start(*replies):
        server = new_server(*replies, wrap=lambda raw: context.wrap_socket(raw, server_side=True))
        server.url = server.url.replace("http:", "https:")
        server.names = names
        return server

    return start


def code_of(http, url: str) -> str:
    with pytest.raises(FetchRejected) as rejected:
        http.get(url, limits=LIMITS, into=io.BytesIO())
    return rejected.value.code


def test_get_when_certificate_is_signed_by_itself_then_tls_error_and_no_request(http, tls_server, reply) -> None:
    server = tls_server(reply(200, b"ok"))
    assert code_of(http, server.url) == "tls_error"
    assert server.requests == []


def test_post_when_certificate_is_signed_by_itself_then_tls_error(http, tls_server, reply) -> None:
    server = tls_server(reply(200, b"ok"))
    with pytest.raises(ImageRejected) as rejected:
        http.post(server.url, b"secret", {}, 5.0)
    assert (rejected.value.code, server.requests) == ("tls_error", [])


def test_get_when_hints_come_first_over_tls_then_the_final_answer_counts(
    new_http, tls_server, reply, certificate
) -> None:
    def hinted(conversation: ssl.SSLSocket) -> None:
        conversation.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        reply(200, b"ok")(conversation)

    into = io.BytesIO()
    new_http(ca_file=certificate).get(tls_server(hinted).url, limits=LIMITS, into=into)
    assert into.getvalue() == b"ok"


def test_get_when_ca_file_is_given_then_host_and_sni_are_the_name_of_the_url(
    new_http, tls_server, reply, certificate, monkeypatch
) -> None:
    server, into = tls_server(reply(200, b"x" * 300_000)), io.BytesIO()
    resolve = {"img.example": [(sockets.socket.AF_INET, ("127.0.0.1", server.port))]}
    monkeypatch.setattr(sockets, "resolve", lambda host, port, timeout_seconds: resolve[host])
    http = new_http(ca_file=certificate)
    for _ in range(2):
        http.get(f"https://img.example:{server.port}/a", limits=LIMITS, into=into)
    assert into.getvalue() == b"x" * 600_000
    assert (server.names, server.connections) == (["img.example"], 1)
    assert f"Host: img.example:{server.port}\r\n".encode() in server.requests[0]


def test_get_when_certificate_is_for_another_name_then_tls_error(
    new_http, tls_server, reply, certificate, monkeypatch
) -> None:
    server = tls_server(reply(200, b"ok"))
    found = [(sockets.socket.AF_INET, ("127.0.0.1", server.port))]
    monkeypatch.setattr(sockets, "resolve", lambda host, port, timeout_seconds: found)
    assert code_of(new_http(ca_file=certificate), f"https://other.example:{server.port}/") == "tls_error"


def test_get_when_server_speaks_no_tls_then_tls_error(http, new_server, reply) -> None:
    server = new_server(reply(200, b"ok"), wrap=lambda raw: (raw.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"), raw)[1])
    assert code_of(http, server.url.replace("http:", "https:")) == "tls_error"


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"HTTP/1.1 "], ids=["body", "head"]
)
def test_get_when_tls_server_stalls_then_cut_at_the_deadline(new_http, tls_server, certificate, piece) -> None:
    server = tls_server(lambda conversation: (conversation.sendall(piece), conversation.recv(1)))
    with pytest.raises(FetchRejected) as rejected:
        new_http(ca_file=certificate).get(
            server.url, limits=FetchLimits(deadline_seconds=0.5, attempts=1), into=io.BytesIO()
        )
    assert rejected.value.code == "timeout"


def test_get_when_handshake_is_never_answered_then_cut_in_time(http, new_server, reply) -> None:
    server = new_server(reply(200), wrap=lambda raw: (raw.recv(10_000), raw.recv(1), raw)[2])
    with pytest.raises(FetchRejected) as rejected:
        http.get(
            server.url.replace("http:", "https:"),
            limits=FetchLimits(deadline_seconds=0.5, attempts=1),
            into=io.BytesIO(),
        )
    assert rejected.value.code == "timeout"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_client_when_ca_file_is_unreadable_then_misconfigured(new_http, tmp_path, content) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(Misconfigured):
        new_http(ca_file=file)
