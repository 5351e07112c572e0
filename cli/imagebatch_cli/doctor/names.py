"""DNS: whether this machine finds the service, and the hosts that are asked for."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagebatch.net.addresses import is_public
from imagebatch_cli.doctor.finding import Finding, failure, ok, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST_SHOWN = 4


def addresses_of(name: str) -> list[str]:
    """Return what the resolver of this machine answers, without repetitions. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def name_findings(
    url: str, names: Sequence[str], resolve: Callable[[str], list[str]] = addresses_of
) -> Iterator[Finding]:
    """Yield a finding for the service's host, which may be inside a network, and one for each host of images."""
    yield _finding(urlsplit(url).hostname or "", resolve, inside_is_fine=True)
    for name in names:
        yield _finding(name, resolve, inside_is_fine=False)


def _finding(host: str, resolve: Callable[[str], list[str]], *, inside_is_fine: bool) -> Finding:
    subject = f"DNS {host}"
    try:
        found = resolve(host)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return failure(subject, f"not found: {reason}", "Check the name, and the resolvers in /etc/resolv.conf.")
    shown = ", ".join(found[:MOST_SHOWN]) + (" and others" if len(found) > MOST_SHOWN else "")
    if inside_is_fine or all(is_public(ip_address(each.partition("%")[0])) for each in found):
        return ok(subject, shown)
    advice = "Images are fetched from there only if IMAGEBATCH_FETCH_ALLOW names its address and port."
    return warning(subject, f"{shown}: not on the public internet", advice)
