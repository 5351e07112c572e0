"""Properties of the address rules over all addresses."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.errors import ImageRejected
from imagebatch.net.addresses import METADATA_ADDRESSES, AddressRules, parse_rules

PUBLIC_PREFIX = int(IPv6Address("2606:4700::"))
WRAPPINGS = {
    "mapped": lambda v4: (0xFFFF << 32) | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: (0xFFFF << 48) | v4,
    "nat64": lambda v4: (0x64FF9B << 96) | v4,
    "6to4": lambda v4: (0x2002 << 112) | (v4 << 80) | 1,
    "teredo server": lambda v4: (0x20010000 << 96) | (v4 << 64) | 0xF7F7F7F7,
    "teredo client": lambda v4: (0x20010000 << 96) | (0x08080808 << 64) | (v4 ^ 0xFFFFFFFF),
    "isatap": lambda v4: PUBLIC_PREFIX | (0x5EFE << 32) | v4,
    "isatap global": lambda v4: PUBLIC_PREFIX | (0x02005EFE << 32) | v4,
}
SPECIAL = [IPv4Network(n) for n in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "224.0.0.0/3")]
any_ipv4 = st.ip_addresses(v=4) | st.sampled_from(SPECIAL).flatmap(lambda n: st.ip_addresses(network=n))
any_address = any_ipv4 | st.ip_addresses(v=6) | st.sampled_from(sorted(METADATA_ADDRESSES, key=str))
any_port = st.integers(1, 65535) | st.sampled_from([80, 443])
any_rules = st.sampled_from(
    [
        AddressRules(),
        parse_rules("127.0.0.0/8:*"),
        parse_rules("10.0.0.0/8:8080", "34.0.0.0/8"),
        parse_rules("0.0.0.0/0:*"),
    ]
)


def verdict(rules: AddressRules, address: object, port: int) -> str:
    try:
        rules.check(str(address), port)
    except ImageRejected as rejected:
        return rejected.code
    return "open"


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@given(rules=any_rules, address=any_ipv4, port=any_port)
def test_check_when_ipv4_is_wrapped_then_verdict_is_that_of_the_bare_one(
    wrapping: str, rules: AddressRules, address: IPv4Address, port: int
) -> None:
    if wrapping == "compatible" and int(address) <= 1:
        return  # :: and ::1 are addresses of their own
    if wrapping.startswith(("teredo", "isatap")):
        port = 443  # the other half of these addresses is public and wants a web port
    wrapped = IPv6Address(WRAPPINGS[wrapping](int(address)))
    assert verdict(rules, wrapped, port) == verdict(rules, address, port)


@given(address=any_ipv4, port=any_port)
def test_check_when_ipv4_is_in_local_nat64_then_blocked(address: IPv4Address, port: int) -> None:
    assert verdict(AddressRules(), IPv6Address((0x64FF9B0001 << 80) | int(address)), port) == "blocked_address"


@given(address=any_address, port=any_port)
def test_check_when_nothing_is_allowed_then_only_global_unicast_web_ports_are_open(address: object, port: int) -> None:
    if verdict(AddressRules(), address, port) == "open":
        parsed = ip_address(str(address))
        assert parsed.is_global or parsed.version == 6
        assert not parsed.is_multicast
        assert port in {80, 443}


@given(address=st.sampled_from(sorted(METADATA_ADDRESSES, key=str)), port=any_port)
def test_check_when_everything_is_allowed_then_metadata_is_not(address: object, port: int) -> None:
    assert verdict(parse_rules("0.0.0.0/0:*,[::]/0:*"), address, port) == "blocked_address"


@given(address=any_address, port=any_port)
def test_check_when_a_range_is_refused_then_nothing_else_changes(address: object, port: int) -> None:
    refusing = parse_rules(refused="34.0.0.0/8")
    if verdict(refusing, address, port) != verdict(AddressRules(), address, port):
        assert "34." in str(address) or ip_address(str(address)).version == 6
