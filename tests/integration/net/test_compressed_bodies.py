"""Bodies that come compressed although nobody asked for it: unpacked within the cap, memory flat."""

import gzip
import io
import zlib

import pytest

from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import FetchLimits

MIB = 1024 * 1024
SHORT = FetchLimits(max_bytes=MIB, attempts=1)


class Discard:
    def write(self, data: bytes) -> None:
        """Take and forget."""


def code_of(http, url: str, limits: FetchLimits = SHORT) -> str:
    with pytest.raises(FetchRejected) as rejected:
        http.get(url, limits=limits, into=Discard())
    return rejected.value.code


def bomb(wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(300)) + packer.flush()


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15), ("X-GZip", 31)])
def test_get_when_body_is_a_compression_bomb_then_too_large_with_flat_memory(
    http, new_server, reply, memory_below, encoding, wbits
) -> None:
    server = new_server(reply(200, bomb(wbits), Content_Encoding=encoding))
    with memory_below(4 * MIB):
        assert code_of(http, server.url, FetchLimits(max_bytes=25 * MIB, attempts=1)) == "too_large"


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
def test_get_when_encoding_is_none_we_unpack_then_unsupported_format(http, new_server, reply, encoding) -> None:
    server = new_server(reply(200, gzip.compress(gzip.compress(b"x")), Content_Encoding=encoding))
    assert code_of(http, server.url) == "unsupported_format"


def test_get_when_body_is_gzip_unasked_then_unpacked(http, new_server, reply) -> None:
    body, into = bytes(range(256)) * 2000, io.BytesIO()
    server = new_server(reply(200, gzip.compress(body), Content_Encoding="gzip"))
    assert http.get(server.url, limits=SHORT, into=into).body_bytes == len(body)
    assert into.getvalue() == body


def test_get_when_gzip_is_garbage_then_corrupt(http, new_server, reply) -> None:
    assert code_of(http, new_server(reply(200, b"no gzip at all", Content_Encoding="gzip")).url) == "corrupt"
