"""Which URLs are accepted."""

from __future__ import annotations

import pytest

from imagebatch.model.csvurls import url_fault


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "HTTPS://A.example/x.JPG?w=1&h=2#top",
        "http://localhost:8000/a.jpg",
        "http://a.example:65535/a.jpg",
        "http://user:secret@a.example/a.jpg",
        "http://127.0.0.1/a.jpg",
        "http://[2001:db8::1]:8080/a.jpg",
        "http://a.example./a.jpg",
        "http://under_score.example/a.jpg",
        "https://bücher.example/stühle/éclair.jpg",
        "https://a.example/w_300,h_200/a.jpg",
        "https://a.example/fetch/https://b.example/a.jpg",
        "https://a.example/{size}|a^b`.jpg",
        "https://a.example/%20%zz.jpg",
    ],
)
def test_url_when_http_with_a_host_then_accepted(url: str) -> None:
    assert url_fault(url, 2_048) is None


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/a.jpg", "file:///etc/passwd", "data:image/png;base64,AA", "javascript:alert(1)", "s3://b/k"],
)
def test_url_when_of_another_scheme_then_refused(url: str) -> None:
    assert _code(url) == "unsupported_scheme"


def test_url_when_another_scheme_follows_in_the_list_then_refused() -> None:
    assert _code("https://a.example/1.jpg, ftp://b.example/2.jpg") == "unsupported_scheme"


@pytest.mark.parametrize(
    "url",
    [
        "a.jpg",
        "//a.example/a.jpg",
        "www.a.example/a.jpg",
        "http:/a.example/a.jpg",
        "http://",
        "http:///a.jpg",
        "http://:80/a.jpg",
        "http://?x",
        "http://a.example:0/a.jpg",
        "http://a.example:65536/a.jpg",
        "http://a.example:port/a.jpg",
        "http://[::1/a.jpg",
        "http://a..example/a.jpg",
        "http://.example/a.jpg",
        "http://a.example/a b.jpg",
        "http://a.example/a\nb.jpg",
        "http://a.example/1.jpg http://a.example/2.jpg",
        "https://a.example/1.jpg, 2.jpg",
        "http://a.example/a\x07.jpg",
        'http://a.example/"a".jpg',
        "http://a.example\\@b.example/a.jpg",
        "http://" + "ü" * 64 + ".example/a.jpg",
    ],
)
def test_url_when_malformed_then_refused(url: str) -> None:
    assert _code(url) == "malformed_url"


def test_url_when_at_the_limit_then_accepted_and_one_over_refused() -> None:
    url = "https://a.example/".ljust(2_048, "x")
    assert url_fault(url, 2_048) is None
    assert _code(url + "x") == "url_too_long"


def test_message_when_the_url_is_long_then_short_and_without_control_characters() -> None:
    fault = url_fault("javascript:\x1b[31m" + "x" * 1_000, 2_048)
    assert fault is not None
    assert len(fault[1]) < 200
    assert fault[1].isprintable()


def _code(url: str) -> str | None:
    fault = url_fault(url, 2_048)
    return fault[0].value if fault else None
