"""Which address and port may be connected to. Pure; called for every record before a socket is opened.

Rules after the IANA special-purpose address registries (RFC 6890) and OWASP's list for server-side
request forgery.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from imagebatch.model.errors import ImageRejected, Misconfigured
from imagebatch.net.embedded import Address, Network, judged_forms

WEB_PORTS = frozenset({80, 443})

# Services that hand out credentials or control of the machine: no setting opens them.
METADATA_ADDRESSES: frozenset[Address] = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack, DigitalOcean, Hetzner
        "169.254.169.253",  # AWS resolver
        "169.254.169.123",  # AWS time
        "169.254.170.2",  # AWS ECS task credentials
        "169.254.170.23",  # AWS EKS Pod Identity
        "169.254.42.42",  # Scaleway
        "169.254.0.23",  # Tencent Cloud
        "168.63.129.16",  # Azure wire server, a public address
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud (classic)
        "192.0.0.8",  # IPv4 dummy address, RFC 7600
        "fd00:ec2::254",  # AWS
        "fd00:ec2::253",  # AWS resolver
        "fd00:ec2::23",  # AWS EKS Pod Identity
        "fd20:ce::254",  # Google Cloud
        "fd00:c1::a9fe:a9fe",  # Oracle Cloud
        "fd00:42::42",  # Scaleway
    )
)

# IANA has given out nothing else to be routed; Python 3.11.7 calls fec0::/10 and 4000::/3 global.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Special-purpose ranges that `is_global` lets through on some Python that this package supports.
_SPECIAL: tuple[Network, ...] = (
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments, RFC 6890
    IPv4Network("192.88.99.0/24"),  # 6to4 relay anycast, withdrawn by RFC 7526
    IPv6Network("2001::/23"),  # IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and what will come
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


@dataclass(frozen=True, slots=True)
class AllowedTarget:
    """A range that an operator opened on purpose. `ports` is None for every port."""

    network: Network
    ports: frozenset[int] | None

    def covers(self, address: Address, port: int) -> bool:
        """Say whether this entry opens `address` at `port`."""
        return address in self.network and (self.ports is None or port in self.ports)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What may be connected to: the public Internet on `ports`, less `refused`, plus `allowed`.

    An entry of `allowed` beats everything but `METADATA_ADDRESSES`.
    """

    allowed: tuple[AllowedTarget, ...] = ()
    refused: tuple[Network, ...] = ()
    ports: frozenset[int] = WEB_PORTS

    def check(self, address: str | Address, port: int) -> None:
        """Return if a connection may be opened; raise `ImageRejected("blocked_address")` if not."""
        outer = _plain(address)
        forms = judged_forms(outer)
        if METADATA_ADDRESSES.intersection((outer, *forms)):
            raise _blocked(outer, "it is a cloud metadata address")
        if self._allows(outer, port):
            return
        for form in forms:
            if not self._allows(form, port):
                self._check_one(outer, form, port)

    def _allows(self, address: Address, port: int) -> bool:
        return any(target.covers(address, port) for target in self.allowed)

    def _check_one(self, outer: Address, form: Address, port: int) -> None:
        if not is_public(form):
            raise _blocked(outer, "it is not an address of the public Internet")
        if any(outer in network or form in network for network in self.refused):
            raise _blocked(outer, "it lies in a range that this installation refuses")
        if port not in self.ports:
            raise ImageRejected("blocked_address", f"Port {port} is not allowed.")


def is_public(address: Address) -> bool:
    """Say whether `address`, taken as it stands, is a unicast address of the public Internet."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _SPECIAL)


def parse_rules(allowed: str = "", refused: str = "") -> AddressRules:
    """Read rules from settings. Both are comma-separated; `Misconfigured` names the entry at fault.

    allowed: CIDR and ports, as `10.0.0.0/8:8080`, `127.0.0.0/8:*`, `[::1]/128:8000|8001`.
    refused: CIDRs, as `10.96.0.0/12, fd00::/8`.
    """
    return AddressRules(
        allowed=tuple(_parse_target(entry) for entry in _entries(allowed)),
        refused=tuple(_parse_network(entry, entry) for entry in _entries(refused)),
    )


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _parse_target(entry: str) -> AllowedTarget:
    cidr, colon, ports = entry.rpartition(":")
    if not colon or "]" in ports or "/" in ports or (":" in cidr and not cidr.startswith("[")):
        raise _misread(entry, "write CIDR:port, such as 10.0.0.0/8:8080, 127.0.0.0/8:* or [::1]/128:*")
    return AllowedTarget(_parse_network(cidr, entry), _parse_ports(ports, entry))


def _parse_network(cidr: str, entry: str) -> Network:
    try:
        return ip_network(cidr.strip().replace("[", "").replace("]", ""))
    except ValueError as error:
        raise _misread(entry, str(error)) from error


def _parse_ports(ports: str, entry: str) -> frozenset[int] | None:
    if ports.strip() == "*":
        return None
    numbers = [number.strip() for number in ports.split("|")]
    if not all(n.isascii() and n.isdigit() and 1 <= int(n) <= 65535 for n in numbers):
        raise _misread(entry, "a port is a number from 1 to 65535, several joined by |, or * for all")
    return frozenset(int(number) for number in numbers)


def _plain(address: str | Address) -> Address:
    """Drop the zone of a scoped IPv6 address, which is no part of its range."""
    parsed = ip_address(address) if isinstance(address, str) else address
    return parsed if isinstance(parsed, IPv4Address) else IPv6Address(int(parsed))


def _blocked(address: Address, reason: str) -> ImageRejected:
    return ImageRejected("blocked_address", f"{address} may not be reached: {reason}.")


def _misread(entry: str, reason: str) -> Misconfigured:
    return Misconfigured(f"The address rule {entry!r} cannot be read: {reason}.")
