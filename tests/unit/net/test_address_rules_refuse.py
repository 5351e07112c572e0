"""What the rules say no to: every way to write an address that must not be reached."""

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net.addresses import METADATA_ADDRESSES, AddressRules, parse_rules

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.1.1",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "feff::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1",
    "100::1", "100:0:0:1::1", "2001:db8::1", "2001:2::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1",
    "4000::1", "8000::1", "1::1",
]  # fmt: skip
WRAPPED = [
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::127.0.0.1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::8.8.8.8", "2002:7f00:1::",
    "2002:a00:1::1", "2001:0:808:808::80ff:fffe", "2001:0:7f00:1::f7f7:f7f7", "2606:4700::5efe:127.0.0.1",
    "2606:4700::200:5efe:10.0.0.1", "fe80::5efe:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC + WRAPPED)
def test_check_when_address_is_not_public_then_blocked(address: str) -> None:
    with pytest.raises(ImageRejected) as rejected:
        AddressRules().check(address, 443)
    assert rejected.value.code == "blocked_address"


@pytest.mark.parametrize("address", sorted(METADATA_ADDRESSES, key=str))
def test_check_when_metadata_address_is_allowed_by_rule_then_still_blocked(address: object) -> None:
    rules = parse_rules("0.0.0.0/0:*,[::]/0:*")
    with pytest.raises(ImageRejected, match="metadata"):
        rules.check(str(address), 80)


@pytest.mark.parametrize(
    "address",
    ["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "2002:a83f:8110::1",
     "2001:0:a9fe:a9fe::f7f7:f7f7", "2606:4700::5efe:169.254.169.254", "fd00:ec2::254%eth0"],
)  # fmt: skip
def test_check_when_metadata_address_is_wrapped_and_all_is_allowed_then_blocked(address: str) -> None:
    with pytest.raises(ImageRejected, match="metadata"):
        parse_rules("0.0.0.0/0:*,[::]/0:*").check(address, 80)


@pytest.mark.parametrize("port", [1, 22, 25, 79, 81, 442, 6443, 8080, 65535])
def test_check_when_port_is_no_web_port_then_blocked(port: int) -> None:
    with pytest.raises(ImageRejected, match=f"Port {port} "):
        AddressRules().check("8.8.8.8", port)


@pytest.mark.parametrize("address", ["34.118.224.1", "::ffff:34.118.224.1", "64:ff9b::2276:e001", "2600:1900::7"])
def test_check_when_public_address_lies_in_refused_range_then_blocked(address: str) -> None:
    rules = parse_rules(refused="34.118.224.0/20, 2600:1900::/48")
    with pytest.raises(ImageRejected, match="installation refuses"):
        rules.check(address, 443)
