"""Address rules as they are written in settings."""

from ipaddress import ip_network

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch.net.addresses import AddressRules, AllowedTarget, parse_rules


def test_parse_when_text_is_empty_then_rules_are_the_defaults() -> None:
    assert parse_rules("", " ") == AddressRules()


def test_parse_when_entries_are_of_every_kind_then_all_are_read() -> None:
    rules = parse_rules("127.0.0.0/8:*, 10.0.0.0/8:8080 ,[::1]/128:80|8443,[fd00::/8]:9000,192.168.0.7:81")
    assert rules.allowed == (
        AllowedTarget(ip_network("127.0.0.0/8"), None),
        AllowedTarget(ip_network("10.0.0.0/8"), frozenset({8080})),
        AllowedTarget(ip_network("::1/128"), frozenset({80, 8443})),
        AllowedTarget(ip_network("fd00::/8"), frozenset({9000})),
        AllowedTarget(ip_network("192.168.0.7/32"), frozenset({81})),
    )


@pytest.mark.parametrize(
    "entry",
    ["127.0.0.0/8", "::1/128", "::1/128:80", "[::1]/128", "10.0.0.1/8:80", "localhost:80", "10.0.0.0/8:",
     "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:http", "10.0.0.0/33:80", "10.0.0.0/8:８０", "*:80", ":80"],
)  # fmt: skip
def test_parse_when_allowed_entry_is_senseless_then_misconfigured_names_it(entry: str) -> None:
    with pytest.raises(Misconfigured) as error:
        parse_rules(f"127.0.0.0/8:*,{entry}")
    assert repr(entry) in error.value.message


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "10.0.0.0/8:80", "cluster", "300.0.0.0/8"])
def test_parse_when_refused_entry_is_no_range_then_misconfigured_names_it(entry: str) -> None:
    with pytest.raises(Misconfigured) as error:
        parse_rules(refused=entry)
    assert repr(entry) in error.value.message
