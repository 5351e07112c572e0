"""What goes over the wire, with the socket layer replaced."""

import io

from imagebatch.net.messages import FetchLimits

PUBLIC = "93.184.216.34"


def test_get_when_sent_then_headers_are_host_agent_and_identity_only(network, http, answer) -> None:
    network.names["img.example"] = [[PUBLIC]]
    network.answers = {PUBLIC: [answer(200, b"ok")]}
    http.get("http://IMG.example/a b.jpg?x=1#frag", limits=FetchLimits(), into=io.BytesIO())
    lines = network.opened[0].sent.decode().split("\r\n")
    assert lines[0] == "GET /a%20b.jpg?x=1 HTTP/1.1"
    assert sorted(lines[1:-2]) == ["Accept-Encoding: identity", "Host: img.example", "User-Agent: ImageBatch/test"]


def test_get_when_server_sets_a_cookie_then_it_is_not_sent_back(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(302, Location="/b", Set_Cookie="a=b; Path=/"), answer(200, b"ok")]}
    http.get(f"http://{PUBLIC}/", limits=FetchLimits(), into=io.BytesIO())
    assert b"cookie" not in network.opened[1].sent.lower()


def test_get_when_redirected_then_final_url_is_the_last(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(302, Location="/b?c"), answer(200, b"ok", Content_Type="image/png")]}
    into = io.BytesIO()
    fetched = http.get(f"http://{PUBLIC}/", limits=FetchLimits(), into=into)
    assert (fetched.final_url, fetched.content_type, fetched.attempts) == (f"http://{PUBLIC}/b?c", "image/png", 1)
    assert (into.getvalue(), fetched.body_bytes, fetched.status) == (b"ok", 2, 200)


def test_post_when_sent_then_body_and_headers_are_those_given(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(202, b"thanks", Retry_After="7")]}
    said = http.post(f"http://{PUBLIC}/hook", b'{"a":1}', {"webhook-id": "msg_1"}, 5.0)
    sent = network.opened[0].sent
    assert b"POST /hook HTTP/1.1\r\n" in sent
    assert b"webhook-id: msg_1\r\n" in sent
    assert sent.endswith(b'\r\n\r\n{"a":1}')
    assert (said.status, said.body_start, said.retry_after_seconds) == (202, b"thanks", 7.0)
    assert said.headers["retry-after"] == "7"


def test_post_when_redirected_then_the_redirect_is_the_answer(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(302, Location="/b"), answer(200)]}
    assert http.post(f"http://{PUBLIC}/", b"", {}, 5.0).status == 302
    assert len(network.connects) == 1


def test_post_when_server_fails_then_there_is_no_second_try(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(503), answer(200)]}
    assert http.post(f"http://{PUBLIC}/", b"", {}, 5.0).status == 503
    assert len(network.connects) == 1


def test_post_when_answer_is_long_then_one_kibibyte_is_kept(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(200, b"x" * 5000)]}
    assert http.post(f"http://{PUBLIC}/", b"", {}, 5.0).body_start == b"x" * 1024
