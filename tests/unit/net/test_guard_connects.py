"""Which addresses are connected to, with the socket layer replaced: not one connect to a bad one."""

import io

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net.messages import FetchLimits

PUBLIC, OTHER = "93.184.216.34", "93.184.216.35"
LITERALS = [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "[::1]", "[::]", "[fc00::1]", "[::ffff:127.0.0.1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]", "[2606:4700::5efe:7f00:1]",
    "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "１２７.0.0.1", "127。0。0。1", "168.63.129.16", "192.0.0.192",
    "[fd00:ec2::254]",
]  # fmt: skip


def rejection(http, url: str, how: str) -> str:
    ways = {
        "get": lambda: http.get(url, limits=FetchLimits(), into=io.BytesIO()),
        "post": lambda: http.post(url, b"{}", {}, 5.0),
    }
    with pytest.raises(ImageRejected) as rejected:
        ways[how]()
    return rejected.value.code


@pytest.mark.parametrize("how", ["get", "post"])
@pytest.mark.parametrize("host", LITERALS)
def test_request_when_host_is_a_bad_literal_then_blocked_without_connect(network, http, host, how) -> None:
    assert rejection(http, f"http://{host}/a.jpg", how) == "blocked_address"
    assert network.connects == []


@pytest.mark.parametrize("how", ["get", "post"])
@pytest.mark.parametrize("address", ["127.0.0.1", "10.2.3.4", "::1", "64:ff9b::a00:1", "169.254.169.254"])
def test_request_when_name_leads_to_a_bad_address_then_blocked_without_connect(network, http, address, how) -> None:
    network.names["evil.example"] = [[address]]
    assert rejection(http, "https://evil.example/a.jpg", how) == "blocked_address"
    assert network.connects == []


@pytest.mark.parametrize("records", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, OTHER, "::1"]])
def test_request_when_one_record_of_several_is_bad_then_blocked_without_connect(network, http, records) -> None:
    network.names["mixed.example"] = [records]
    assert rejection(http, "http://mixed.example/a.jpg", "get") == "blocked_address"
    assert network.connects == []


def test_request_when_name_rebinds_then_the_checked_address_is_connected_to(network, http, answer) -> None:
    network.names["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]
    network.answers = {PUBLIC: [answer(200, b"ok")], "127.0.0.1": [answer(200, b"secret")]}
    into = io.BytesIO()
    http.get("http://rebind.example/a.jpg", limits=FetchLimits(), into=into)
    assert (network.connects, network.resolved) == ([(PUBLIC, 80)], ["rebind.example"])
    assert rejection(http, "http://rebind.example/a.jpg", "get") == "blocked_address"
    assert network.connects == [(PUBLIC, 80)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1/", "//10.0.0.1/", "http://inner.example/", "http://b.example:22/"]
)
def test_request_when_redirected_to_a_bad_place_then_blocked_without_connect(
    network, http, answer, location, status
) -> None:
    network.names = {"a.example": [[PUBLIC]], "b.example": [[OTHER]], "inner.example": [["192.168.1.1"]]}
    network.answers = {PUBLIC: [answer(status, Location=location)]}
    assert rejection(http, "http://a.example/", "get") == "blocked_address"
    assert network.connects == [(PUBLIC, 80)]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.1:70/", "data:image/png,x"])
def test_request_when_redirected_to_another_scheme_then_unsupported(network, http, answer, location) -> None:
    network.answers = {PUBLIC: [answer(302, Location=location)]}
    assert rejection(http, f"http://{PUBLIC}/", "get") == "unsupported_scheme"
    assert network.connects == [(PUBLIC, 80)]


def test_request_when_proxy_variables_are_set_then_they_are_not_used(network, http, answer, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    network.answers = {PUBLIC: [answer(200, b"ok")]}
    http.get(f"http://{PUBLIC}/", limits=FetchLimits(), into=io.BytesIO())
    assert network.connects == [(PUBLIC, 80)]


def test_request_when_first_address_refuses_then_next_one_is_tried(network, http, answer) -> None:
    network.names["two.example"] = [[OTHER, PUBLIC]]
    network.answers = {PUBLIC: [answer(200, b"ok")]}
    http.get("http://two.example/", limits=FetchLimits(), into=io.BytesIO())
    assert network.connects == [(OTHER, 80), (PUBLIC, 80)]
