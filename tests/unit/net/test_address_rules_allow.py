"""What the rules let through: the public Internet, and what an operator opened."""

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net.addresses import AddressRules, parse_rules


@pytest.mark.parametrize("port", [80, 443])
@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::6810:84e5", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8", "::8.8.8.8",
     "64:ff9b::808:808", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7", "2606:4700::5efe:8.8.8.8"],
)  # fmt: skip
def test_check_when_address_is_public_then_passes(address: str, port: int) -> None:
    AddressRules().check(address, port)


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"])
def test_check_when_range_is_allowed_then_passes_bare_and_wrapped(address: str) -> None:
    parse_rules("127.0.0.0/8:*").check(address, 5000)


def test_check_when_range_is_allowed_for_one_port_then_others_are_blocked() -> None:
    rules = parse_rules("10.0.0.0/8:8080")
    rules.check("10.1.2.3", 8080)
    for port in (80, 443, 8081):
        with pytest.raises(ImageRejected):
            rules.check("10.1.2.3", port)


def test_check_when_range_is_both_allowed_and_refused_then_passes() -> None:
    parse_rules("10.96.0.0/12:443", "10.96.0.0/12").check("10.96.0.1", 443)


def test_check_when_ipv4_loopback_is_allowed_then_ipv6_loopback_stays_blocked() -> None:
    with pytest.raises(ImageRejected):
        parse_rules("127.0.0.0/8:*").check("::1", 80)


def test_check_when_public_range_is_allowed_for_a_port_then_web_ports_stay_open() -> None:
    rules = parse_rules("8.8.8.0/24:8443")
    rules.check("8.8.8.8", 8443)
    rules.check("8.8.8.8", 443)
