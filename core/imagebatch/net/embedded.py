"""IPv4 addresses carried inside IPv6 ones. Pure; called by the address rules.

A packet to such an address ends, through a kernel or a translator, at the IPv4 address inside it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LOW_32_BITS = 0xFFFF_FFFF

# The IPv4 address is the last 32 bits, and nothing else in these prefixes says where the packet ends.
_LAST_32_BITS = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped, RFC 4291 2.5.5.2
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated, RFC 2765
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291 2.5.5.1
)
_NOT_COMPATIBLE = frozenset({IPv6Address("::"), IPv6Address("::1")})
_SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
_TEREDO = IPv6Network("2001::/32")  # RFC 4380
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
# Where RFC 6052 2.2 puts the four bytes, for prefixes of 48, 56, 64 and 96 bits; byte 8 is left out.
_RFC_6052_BYTES = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
_ISATAP_MARKS = frozenset({b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"})  # RFC 5214 6.1


def judged_forms(address: Address) -> tuple[Address, ...]:
    """Return the addresses on which the verdict over `address` depends; all of them must be good.

    A well-known wrapping is judged by what it holds. Where the outer prefix decides the way as well
    (ISATAP, NAT64 of local use) the outer address is judged too.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address not in _NOT_COMPATIBLE and any(address in prefix for prefix in _LAST_32_BITS):
        return (IPv4Address(int(address) & _LOW_32_BITS),)
    if address in _SIX_TO_FOUR:
        return (_at(address, (2, 3, 4, 5)),)
    if address in _TEREDO:
        return (_at(address, (4, 5, 6, 7)), IPv4Address(~int(address) & _LOW_32_BITS))
    if address in _LOCAL_NAT64:
        return (address, *(_at(address, places) for places in _RFC_6052_BYTES))
    if address.packed[8:12] in _ISATAP_MARKS:
        return (address, _at(address, (12, 13, 14, 15)))
    return (address,)


def _at(address: IPv6Address, places: tuple[int, ...]) -> IPv4Address:
    return IPv4Address(bytes(address.packed[place] for place in places))
