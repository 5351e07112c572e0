"""Children that hang, crash or are killed: one picture is lost, with its code, and the pool works on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support.pictures import encode, photo
from support.waiting import eventually

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected, Unavailable
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, Compressed, ImageLimits

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = encode(photo(), "JPEG", quality=95)


AS_AVIF = OutputOptions(format=OutputFormat.AVIF)


@cache
def _slow_picture() -> bytes:
    """Return a picture of noise, which takes an AVIF encoder seconds."""
    return encode(Image.effect_noise((3000, 2000), 100), "JPEG")


def _state(pid: int) -> str:
    """Return the process's state letter of proc(5), empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _processor_ticks(pid: int) -> int:
    """Return the processor time that a process has used, in ticks of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _stopped_child(pool: CodecPool) -> int:
    """Return the pid of the pool's only child, which stands still now."""
    assert pool.compress(GOOD, OutputOptions()).data
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: _state(pid) == "T")
    return pid


def _code_of(call: Callable[[], Compressed]) -> str:
    with pytest.raises(ImageRejected) as caught:
        call()
    return caught.value.code


def _end_while_it_works(pool: CodecPool, death: signal.Signals) -> None:
    """Send the pool's only child a signal once it has begun to work; another one takes its place."""
    (pid,) = eventually(pool.pids)
    before = _processor_ticks(pid)
    eventually(lambda: _processor_ticks(pid) > before + 5, what="the child works")
    os.kill(pid, death)
    eventually(lambda: pid not in pool.pids() and pool.pids(), what="another child")


@pytest.mark.parametrize(
    ("death", "code"),
    [
        (signal.SIGSEGV, "decoder_crashed"),
        (signal.SIGABRT, "decoder_crashed"),
        (signal.SIGXCPU, "decode_timeout"),
    ],
)
def test_compress_when_the_child_dies_over_it_then_its_code_and_the_next_picture_is_done(
    death: signal.Signals, code: str
) -> None:
    with CodecPool(1) as pool, ThreadPoolExecutor(1) as thread:
        pool.compress(GOOD, OutputOptions())
        lost = thread.submit(pool.compress, _slow_picture(), AS_AVIF)
        _end_while_it_works(pool, death)
        assert _code_of(lambda: lost.result(timeout=30)) == code
        assert pool.compress(GOOD, OutputOptions()).data


def test_compress_when_the_child_is_killed_once_then_the_picture_is_done_in_another() -> None:
    with CodecPool(1) as pool, ThreadPoolExecutor(1) as thread:
        pool.compress(GOOD, OutputOptions())
        kept = thread.submit(pool.compress, _slow_picture(), AS_AVIF)
        _end_while_it_works(pool, signal.SIGKILL)
        assert kept.result(timeout=60).data


def test_compress_when_the_second_child_is_killed_too_then_out_of_memory() -> None:
    with CodecPool(1) as pool, ThreadPoolExecutor(1) as thread:
        pool.compress(GOOD, OutputOptions())
        lost = thread.submit(pool.compress, _slow_picture(), AS_AVIF)
        for _ in range(2):
            _end_while_it_works(pool, signal.SIGKILL)
        assert _code_of(lambda: lost.result(timeout=30)) == "out_of_memory"
        assert pool.compress(GOOD, OutputOptions()).data


def test_compress_when_the_child_hangs_then_decode_timeout_and_the_next_picture_is_done() -> None:
    with CodecPool(1, ImageLimits(decode_seconds=5)) as pool:
        pid = _stopped_child(pool)
        assert _code_of(lambda: pool.compress(GOOD, OutputOptions())) == "decode_timeout"
        assert _state(pid) == ""
        assert pool.compress(GOOD, OutputOptions()).data


def test_compress_when_more_than_the_socket_holds_is_sent_to_a_hanging_child_then_decode_timeout() -> None:
    with CodecPool(1, ImageLimits(decode_seconds=5)) as pool:
        _stopped_child(pool)
        assert _code_of(lambda: pool.compress(bytes(20 * MEBIBYTE), OutputOptions())) == "decode_timeout"


def test_compress_when_encoding_takes_too_long_then_decode_timeout() -> None:
    with CodecPool(1, ImageLimits(decode_seconds=0.1)) as pool:
        assert _code_of(lambda: pool.compress(_slow_picture(), AS_AVIF)) == "decode_timeout"


@pytest.mark.parametrize("wanted", [OutputFormat.JPEG, OutputFormat.PNG, OutputFormat.WEBP, OutputFormat.AVIF])
@pytest.mark.parametrize("progressive", [False, True])
def test_compress_when_it_needs_more_memory_than_there_is_then_out_of_memory_and_small_ones_go_on(
    wanted: OutputFormat, progressive: bool
) -> None:
    large = encode(photo(3000, 2000), "JPEG", progressive=progressive)
    with CodecPool(1, memory_bytes=36 * MEBIBYTE) as pool:
        assert _code_of(lambda: pool.compress(large, OutputOptions(format=wanted))) == "out_of_memory"
        assert pool.compress(GOOD, OutputOptions()).data


def test_compress_when_an_idle_child_was_killed_then_no_picture_is_lost() -> None:
    with CodecPool(1) as pool:
        pool.compress(GOOD, OutputOptions())
        (pid,) = pool.pids()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: _state(pid) in ("Z", ""))
        assert pool.compress(GOOD, OutputOptions()).data


def test_close_when_a_child_is_busy_then_the_waiting_thread_gets_unavailable() -> None:
    with ThreadPoolExecutor(2) as threads:
        pool = CodecPool(1)
        _stopped_child(pool)
        waiting: list[Future[Compressed]] = [threads.submit(pool.compress, GOOD, OutputOptions()) for _ in range(2)]
        eventually(pool._free.empty)
        pool.close()
        for thread in waiting:
            with pytest.raises(Unavailable):
                thread.result(timeout=30)


@pytest.mark.parametrize("stopped", [False, True])
def test_children_when_their_parent_is_killed_then_they_die_with_it(stopped: bool) -> None:
    program = (
        "import sys; from imagebatch_processor.codec_pool import CodecPool\n"
        "pool = CodecPool(2)\n"
        "for place in [pool._free.get() for _ in range(2)]: place.result()\n"
        "print(*pool.pids(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        if stopped:
            os.kill(pids[0], signal.SIGSTOP)
        parent.kill()
        parent.wait()
        eventually(lambda: all(_state(pid) in ("Z", "") for pid in pids))
