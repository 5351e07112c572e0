"""What stands between a played program and its servers: every call of a port may be the last, or get no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from imagebatch.model.errors import ImageRejected, Unavailable

JOIN_SECONDS = 10.0


class Killed(BaseException):
    """The program was ended here, as by SIGKILL: nothing of it runs on."""


class Kind(Enum):
    """What a fault does to the call that it strikes."""

    KILL = "the program dies before the call"
    DOWN = "the call does not reach the server"
    LOST = "the server does what it is asked, and its answer is lost"
    MEANWHILE = "something else happens before the call"


@dataclass(frozen=True)
class Fault:
    """What happens to a program's call number `at`, counted from 0; `event` names what happens meanwhile."""

    kind: Kind
    at: int
    event: str = ""


class Servers:
    """Which of the servers are `away`: database, store. `happen` makes an event happen, by its name."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.happen: Callable[[str], None] = lambda event: None


class Program:
    """A process: every call of its ports goes through it."""

    def __init__(self, name: str, servers: Servers) -> None:
        self.name = name
        self.dead = False
        self.met: Fault | None = None
        self._servers = servers
        self._fault: Fault | None = None
        self._calls = 0
        self._lock = threading.Lock()

    @contextmanager
    def under(self, fault: Fault | None) -> Iterator[None]:
        """Let a fault strike within the block; `met` tells afterwards whether it did."""
        self._fault, self._calls, self.met = fault, 0, None
        try:
            yield
        finally:
            self._fault = None

    def port(self, server: str, inner: object) -> Any:
        """Return a port whose calls may fail; `server` is what an error names."""
        return _Port(self, server, inner)

    @property
    def was_let_down(self) -> bool:
        """True when a server left the program without an answer in the last block."""
        return self.met is not None and self.met.kind in (Kind.DOWN, Kind.LOST)

    def die(self) -> None:
        """End the program; whatever thread of it calls next learns of it there."""
        self.dead = True
        raise Killed(self.name)

    def call(self, server: str, effect: Callable[[], Any]) -> Any:
        """Carry one call out, or what the fault makes of it."""
        with self._lock:
            if self.dead:
                raise Killed(self.name)
            struck = self._fault if self._fault is not None and self._fault.at == self._calls else None
            self._calls += 1
            if struck is not None:
                self.met = struck
                self.dead = struck.kind is Kind.KILL
        if struck is not None and struck.kind is Kind.KILL:
            raise Killed(self.name)
        if struck is not None and struck.kind is Kind.MEANWHILE:
            self._servers.happen(struck.event)
            struck = None
        if server in self._servers.away or (struck is not None and struck.kind is Kind.DOWN):
            raise _no_answer(server)
        answer = effect()
        if struck is not None:
            raise _no_answer(server)
        return answer

    def step(self) -> None:
        """Take a step that asks no server: it can be the last, and nothing else can befall it."""
        if self._fault is None or self._fault.kind in (Kind.KILL, Kind.MEANWHILE):
            self.call("nothing", lambda: None)


class _Port:
    def __init__(self, program: Program, server: str, inner: object) -> None:
        self._program = program
        self._server = server
        self._inner = inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            def effect() -> Any:
                answer = method(*args, **kwargs)
                # Read whole here, not bit by bit when the server may be away.
                lazy = isinstance(answer, Iterator) and not hasattr(answer, "__enter__")
                return iter(list(answer)) if lazy else answer

            return self._program.call(self._server, effect)

        return called


def _no_answer(server: str) -> Exception:
    if server == "receiver":
        return ImageRejected("timeout", "the receiver does not answer")
    return Unavailable(f"the {server} does not answer", dependency=server)


@contextmanager
def deaths_are_expected() -> Iterator[None]:
    """Have threads of shards that were killed end without a word, and wait for their end."""
    before, running = threading.excepthook, set(threading.enumerate())

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if not isinstance(arguments.exc_value, Killed):
            before(arguments)

    threading.excepthook = hook
    try:
        yield
    finally:
        for thread in set(threading.enumerate()) - running:
            if thread.name.startswith("image-"):
                thread.join(JOIN_SECONDS)
        threading.excepthook = before
