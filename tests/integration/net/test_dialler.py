"""The socket opener with the machine's resolver: it must hold even if a URL check lets a strange host through."""

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net import sockets
from imagebatch.net.addresses import AddressRules
from imagebatch.net.sockets import Dialler


# These are numbers to the C library, which resolves them without asking anyone.
@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "0xa9fea9fe"])
def test_dial_when_host_is_a_number_to_the_resolver_then_blocked_without_connect(host: str, monkeypatch) -> None:
    connects: list[object] = []
    monkeypatch.setattr(sockets, "_connect", lambda *args: connects.append(args))
    with pytest.raises(ImageRejected) as rejected:
        Dialler(AddressRules()).dial(host, 80, 5.0)
    assert rejected.value.code == "blocked_address"
    assert connects == []


# Refused by Python before anything is asked.
@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_dial_when_resolver_cannot_encode_the_name_then_dns_failure(host: str) -> None:
    with pytest.raises(ImageRejected) as rejected:
        Dialler(AddressRules()).dial(host, 80, 5.0)
    assert rejected.value.code == "dns_failure"
