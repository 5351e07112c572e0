"""How URLs are read before anything is resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.errors import ImageRejected
from imagebatch.net.urls import MAX_URL_CHARACTERS, Target, parse_target, resolve_redirect


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.com", Target("http://example.com", "example.com", 80)),
        ("HTTPS://Example.COM/A b?q=é#x", Target("https://example.com/A%20b?q=%C3%A9", "example.com", 443)),
        ("http://example.com:8080/a,b.jpg", Target("http://example.com:8080/a,b.jpg", "example.com", 8080)),
        ("http://example.com:/a", Target("http://example.com/a", "example.com", 80)),
        ("http://[2606:4700::0:1]/a", Target("http://[2606:4700::1]/a", "2606:4700::1", 80)),
        ("http://bücher.example/", Target("http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80)),
        ("http://my_cdn.example.com./a", Target("http://my_cdn.example.com./a", "my_cdn.example.com.", 80)),
        ("http://１２７.０.０.１/", Target("http://127.0.0.1/", "127.0.0.1", 80)),
        ("http://127。0。0。1/", Target("http://127.0.0.1/", "127.0.0.1", 80)),
        ("http://①②⑦.0.0.1/", Target("http://127.0.0.1/", "127.0.0.1", 80)),
        ("http://127.0.0.1./", Target("http://127.0.0.1/", "127.0.0.1", 80)),
        ("http://a.example?q", Target("http://a.example?q", "a.example", 80)),
        (f"http://a.example/{'x' * 8000}", Target(f"http://a.example/{'x' * 8000}", "a.example", 80)),
    ],
)
def test_parse_when_url_is_good_then_host_and_port_are_normal(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://127.0.0.1:70/_x", "data:image/png;base64,AAAA", "ftp://example.com/a",
     "//example.com", "example.com/a", "", "http:/example.com", "http:example.com", "javascript:alert(1)", " http://example.com",
     "httpſ://a.b"],
)  # fmt: skip
def test_parse_when_scheme_is_another_then_unsupported_scheme(url: str) -> None:
    assert refusal(url) == "unsupported_scheme"


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://010.0.0.1/",
     "http://127.1/", "http://127.0.0.01/", "http://017700000001/", "http://0/", "http://1.2.3.4.5/", "http://256.0.0.1/",
     "http://２１３０７０６４３３/", "http://０ｘ７ｆ.1/", "http://a.0x7f/", "http://a.1/", "http://2130706433./"],
)  # fmt: skip
def test_parse_when_numeric_host_is_ambiguous_then_blocked(url: str) -> None:
    assert refusal(url) == "blocked_address"


@pytest.mark.parametrize(
    "url",
    ["http://user@example.com/", "http://user:pw@example.com/", "http://good.example@127.0.0.1/", "http://a\\@b.example/",
     "http://a.example\\b", "http://[::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1]x/", "http://[1:2]/", "http://a:b:80/",
     "http://a.example:0/", "http://a.example:65536/", "http://a.example:８０/", "http://a.example:-1/", "http:///a", "http://",
     "http://a.example/" + "x" * 8192],
)  # fmt: skip
def test_parse_when_authority_could_be_read_in_two_ways_then_blocked(url: str) -> None:
    assert refusal(url) == "blocked_address"


@pytest.mark.parametrize(
    "url",
    ["http://a b.example/", "http://%31%32%37.0.0.1.x/", "http://a..example/", "http://.example/",
     "http://" + "a" * 64 + ".b/", "http://" + "a." * 130 + "b/", "http://a\x00.example/", "http://a\n.example/", "http://℀.example/",
     "http://\ud800.example/"],
)  # fmt: skip
def test_parse_when_host_is_no_name_then_dns_failure(url: str) -> None:
    assert refusal(url) == "dns_failure"


@pytest.mark.parametrize(
    ("location", "url"),
    [("/b", "https://a.example/b"), ("//b.example/c", "https://b.example/c"), ("c", "https://a.example/x/c"),
     ("http://b.example/#f", "http://b.example/"), ("/Ã©", "https://a.example/%C3%A9")],
)  # fmt: skip
def test_redirect_when_location_is_relative_then_joined(location: str, url: str) -> None:
    assert resolve_redirect("https://a.example/x/y", location).url == url


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://a/", "http://[", "data:,x"])
def test_redirect_when_location_is_no_web_url_then_refused(location: str) -> None:
    with pytest.raises(ImageRejected) as rejected:
        resolve_redirect("http://a.example/", location)
    assert rejected.value.code in {"unsupported_scheme", "blocked_address"}


@given(rest=st.text(), scheme=st.sampled_from(["http://", "https://", ""]))
def test_parse_when_text_is_anything_then_target_or_code_and_reading_again_changes_nothing(
    rest: str, scheme: str
) -> None:
    try:
        target = parse_target(scheme + rest)
    except ImageRejected:
        return
    assert target.host.isascii()
    if len(target.url) <= MAX_URL_CHARACTERS:
        assert parse_target(target.url) == target


def refusal(url: str) -> str:
    with pytest.raises(ImageRejected) as rejected:
        parse_target(url)
    return rejected.value.code
