"""A network of names and answers in place of the socket layer; it records every connect."""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagebatch.net import sockets
from imagebatch.net.addresses import AddressRules
from imagebatch.net.http import GuardedHttp


class ScriptedSocket:
    """A connection that answers with fixed bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.sent = b""

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)

    def settimeout(self, seconds: float) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


@dataclass
class FakeNetwork:
    """`names` maps a host to what each resolution answers in turn, the last for ever."""

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    connects: list[tuple[str, int]] = field(default_factory=list)
    opened: list[ScriptedSocket] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)

    def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        self.resolved.append(host)
        if host in self.names:
            turns = self.names[host]
            addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        elif sockets._is_literal(host):
            addresses = [host]
        else:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    def connect(self, record: Any, timeout_seconds: float, ends_at: float) -> ScriptedSocket:
        address, port = record[1]
        self.connects.append((address, port))
        if not self.answers.get(address):
            raise ConnectionRefusedError(111, "Connection refused")
        self.opened.append(ScriptedSocket(self.answers[address].pop(0)))
        return self.opened[-1]


class FakeClock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    fake = FakeNetwork()
    monkeypatch.setattr(socket, "getaddrinfo", fake.getaddrinfo)
    monkeypatch.setattr(sockets, "_connect", fake.connect)
    return fake


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def http(network: FakeNetwork, clock: FakeClock) -> GuardedHttp:
    return GuardedHttp(AddressRules(), clock=clock, user_agent="ImageBatch/test", jitter=lambda: 0.0)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(name="answer")
def answer_fixture() -> Any:
    return answer
