"""The socket opener when the name server fails it."""

import threading

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net import sockets
from imagebatch.net.addresses import AddressRules
from imagebatch.net.failures import Transient
from imagebatch.net.sockets import Dialler


def test_dial_when_name_server_is_silent_then_given_up_in_time(monkeypatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(sockets.socket, "getaddrinfo", lambda *args, **options: answered.wait(30) and [])
    with pytest.raises(Transient) as failure:
        Dialler(AddressRules()).dial("slow.example", 80, 0.05)
    answered.set()
    assert failure.value.code == "dns_failure"


def test_dial_when_name_has_no_record_then_dns_failure(network) -> None:
    network.names["empty.example"] = [[]]
    with pytest.raises(ImageRejected) as rejected:
        Dialler(AddressRules()).dial("empty.example", 80, 5.0)
    assert rejected.value.code == "dns_failure"
