"""`python -m bench.picture_server HOST FILE…`: serves the files at /0.jpg, /1.jpg, … whatever the query, cheaply.

At /100ms/0.jpg and so on it answers after as many milliseconds. A program of its own, so that its work is on the cores
but not in the measured process. Prints its port, then serves.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

END_OF_HEAD = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection: HTTP/1.1 GET without a body, nothing else."""

    def __init__(self, pictures: list[bytes]) -> None:
        self.pictures = pictures
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while END_OF_HEAD in self.received:
            head, _, self.received = self.received.partition(END_OF_HEAD)
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            delay, _, name = path.removeprefix(b"/").rpartition(b"/")
            picture = self.pictures[int(name.removesuffix(b".jpg"))]
            milliseconds = int(delay.removesuffix(b"ms") or 0)
            if milliseconds:
                asyncio.get_running_loop().call_later(milliseconds / 1000, self.answer, picture)
            else:
                self.answer(picture)

    def answer(self, picture: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        self.transport.writelines([head.encode(), picture])


async def serve(host: str, pictures: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pictures), host, 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], [Path(file).read_bytes() for file in sys.argv[2:]]))
