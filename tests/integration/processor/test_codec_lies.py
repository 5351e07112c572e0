"""Children that a picture has taken over: whatever they say or keep, one picture is lost and the pool works on."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected, Unavailable
from imagebatch_processor.codec_pool import CodecPool

if TYPE_CHECKING:
    from pathlib import Path

# In a child's place. The arguments after -m are not for it.
LIAR = """#!{python}
import socket
from imagebatch_processor.codec_channel import Channel, ChannelBrokenError
connection = socket.socket(fileno=0)
channel, kept = Channel(connection), []
channel.send({{"confined": True}})
try:
    while True:
        channel.receive(2**20)
        kept.append(bytearray({kept_mebibytes} * 2**20))
        for text, body in {lies}:
            connection.sendall(len(text).to_bytes(4, "big") + body.to_bytes(4, "big") + text)
            if text.startswith(b'{{"memory_bytes"'):
                channel.receive(0)
except ChannelBrokenError:
    pass
"""
ASKS: dict[str, object] = {"memory_bytes": 1}
DONE: dict[str, object] = {
    "same_bytes": True, "format": "JPEG", "input_format": "JPEG", "kept_original": False, "quality": 50,
    "width": 1, "height": 1, "input_width": 1, "input_height": 1,
}  # fmt: skip
LIES: dict[str, list[dict[str, object] | tuple[bytes, int]]] = {
    "no JSON": [(b"\xff", 0)],
    "no object": [(b"[]", 0)],
    "an object too deep": [(b'{"a":' * 10_000, 0)],
    "more text than allowed": [(b" " * 65_537, 0)],
    "a code that is none": [(b'{"code": "cancelled"}', 0)],
    "a code that is no word": [(b'{"code": {}}', 0)],
    "memory that is no number": [(b'{"memory_bytes": "1"}', 0)],
    "more bytes than granted": [ASKS, (json.dumps(DONE).encode(), 2**32 - 1)],
    "a width without end": [ASKS, {**DONE, "width": float("inf")}],
    "a width that no database holds": [ASKS, {**DONE, "width": 2**31}],
    "a height below one": [ASKS, {**DONE, "input_height": 0}],
    "a quality that is a word": [ASKS, {**DONE, "quality": "50"}],
    "a format that is none": [ASKS, {**DONE, "format": []}],
    "a result without a size": [ASKS, {"same_bytes": True}],
}


def _liar(folder: Path, lies: list[dict[str, object] | tuple[bytes, int]], kept_mebibytes: int = 0) -> str:
    """Return the path of a program that answers each picture so."""
    messages = [(json.dumps(lie).encode(), 0) if isinstance(lie, dict) else lie for lie in lies]
    program = folder / "liar"
    program.write_text(LIAR.format(python=sys.executable, lies=messages, kept_mebibytes=kept_mebibytes))
    program.chmod(0o755)
    return str(program)


def test_compress_when_a_child_says_what_it_should_then_it_is_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", _liar(tmp_path, [ASKS, DONE]))
    with CodecPool(1) as pool:
        assert pool.compress(b"x", OutputOptions()).data == b"x"


@pytest.mark.parametrize("lie", LIES)
def test_compress_when_a_child_lies_then_decoder_crashed_and_another_takes_its_place(
    lie: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("imagebatch_processor.codec_process._DYING_SECONDS", 0.1)
    monkeypatch.setattr(sys, "executable", _liar(tmp_path, LIES[lie]))
    with CodecPool(1) as pool:
        for _ in range(2):
            with pytest.raises(ImageRejected) as caught:
                pool.compress(b"x", OutputOptions())
            assert caught.value.code == "decoder_crashed"


def test_compress_when_a_child_keeps_memory_then_the_next_picture_goes_to_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", _liar(tmp_path, [{"code": "corrupt", "message": 1}], kept_mebibytes=400))
    used = set()
    with CodecPool(1) as pool:
        for _ in range(3):
            with pytest.raises(ImageRejected, match=r"^$"):
                pool.compress(b"x", OutputOptions())
            used.update(pool.pids())
    assert len(used) == 3


def test_compress_when_no_socket_can_be_had_then_unavailable_and_the_place_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none_left() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(sys, "executable", _liar(tmp_path, [ASKS, DONE]))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(socket, "socketpair", none_left)
        pool = CodecPool(1)
        with pytest.raises(Unavailable, match="Too many open files"):
            pool.compress(b"x", OutputOptions())
    with pool:
        with suppress(Unavailable):  # another child may have been tried meanwhile
            pool.compress(b"x", OutputOptions())
        assert pool.compress(b"x", OutputOptions()).data
