"""A codec child computes and does nothing else: tried from inside a confined process, and read from a real child."""

from __future__ import annotations

import errno
import json
import logging
import resource
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from support.pictures import encode, photo
from support.waiting import eventually

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits

GOOD = encode(photo(), "JPEG", quality=95)
# Each fails without confinement too where it could do harm, for another reason.
DEEDS = {
    "open a file": "open('/etc/passwd')",
    "read its parent's environment": "open(f'/proc/{parent}/environ')",
    "make a file in memory": "os.memfd_create('x')",
    "make a pipe": "os.pipe()",
    "open a socket": "socket.socket()",
    "copy a descriptor": "os.dup(1)",
    "start a program": "os.execv('/nowhere', ['x'])",
    "start a process": "os.fork() or os._exit(0)",
    "signal its parent": "os.kill(parent, 0)",
    "trace its parent": "call(libc.ptrace(16, 0, None, None))",
    "read its parent's memory": "call(libc.process_vm_readv(0, None, 0, None, 0, 1))",
    "limit its parent": "resource.prlimit(parent, resource.RLIMIT_CORE)",
    "lift its own limits": "resource.prlimit(0, resource.RLIMIT_DATA, (-1, -1))",
    "remove a file": "os.unlink('/nowhere/x')",
    "empty a file": "os.truncate('/nowhere/x', 0)",
    "make a folder": "os.mkdir('/nowhere/x')",
    "look at a file": "os.stat('/nowhere/x')",
    "take memory that no limit counts": "mmap.mmap(-1, 4096, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)",
    "take a stack's, which none counts either": "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)",
}
NEED_A_DESCRIPTOR = tuple(DEEDS)[:6]
PROGRAM = """
import ctypes, json, mmap, os, resource, socket, sys, time
from imagebatch_processor import confinement
libc, parent = ctypes.CDLL(None, use_errno=True), os.getppid()
def call(result):
    if result < 0: raise OSError(ctypes.get_errno(), "")
def end_of(deed):
    try: exec(deed)
    except OSError as error: return error.errno
if sys.argv[1] == "by limits alone": confinement.platform.machine = lambda: "another"
filtered = sys.argv[1] != "not at all" and confinement.enter()
print(json.dumps([filtered, {name: end_of(deed) for name, deed in json.loads(sys.argv[2]).items()}]))
"""


@cache
def _ends(confined: str) -> tuple[bool, dict[str, int | None]]:
    """Return whether calls were filtered, and the error number that each deed ended with."""
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM), confined, json.dumps(DEEDS)]
    filtered, ends = json.loads(subprocess.run(program, capture_output=True, check=True).stdout.splitlines()[-1])
    return filtered, ends


@pytest.mark.parametrize("deed", DEEDS)
def test_process_when_confined_then_it_can_do_nothing_but_compute(deed: str) -> None:
    filtered, ends = _ends("wholly")
    assert filtered
    assert ends[deed] == errno.EPERM


@pytest.mark.parametrize("deed", DEEDS)
def test_process_when_not_confined_then_nothing_of_it_is_forbidden(deed: str) -> None:
    assert _ends("not at all")[1][deed] != errno.EPERM


@pytest.mark.parametrize("deed", NEED_A_DESCRIPTOR)
def test_process_when_its_calls_are_not_filtered_then_it_still_opens_nothing(deed: str) -> None:
    filtered, ends = _ends("by limits alone")
    assert not filtered
    assert ends[deed] in (errno.EMFILE, errno.EINVAL)


def test_process_when_confined_then_it_may_still_have_threads() -> None:
    program = "import _thread, time; from imagebatch_processor import confinement; confinement.enter()\n"
    program += "done = []; _thread.start_new_thread(done.append, (1,))\nwhile not done: pass\nprint('done')"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=30)
    assert found.stdout == b"done\n"


def test_child_when_it_has_started_then_it_is_confined() -> None:
    with CodecPool(1) as pool:
        pool.compress(GOOD, OutputOptions())
        (pid,) = pool.pids()
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert (status["Seccomp"], status["NoNewPrivs"], status["Threads"]) == ("2", "1", "1")
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
            assert resource.prlimit(pid, limit) == (0, 0)


def test_child_when_a_picture_is_in_work_then_memory_and_time_are_limited_from_outside() -> None:
    with CodecPool(1, ImageLimits(decode_seconds=7), memory_bytes=100 * MEBIBYTE) as pool:
        pool.compress(GOOD, OutputOptions())
        (pid,) = pool.pids()
        memory_bytes, _ = resource.prlimit(pid, resource.RLIMIT_DATA)
        address_bytes, _ = resource.prlimit(pid, resource.RLIMIT_AS)
        seconds, _ = resource.prlimit(pid, resource.RLIMIT_CPU)
    assert 32 * MEBIBYTE < memory_bytes < 200 * MEBIBYTE
    assert 0 < address_bytes < 9 * 1024 * MEBIBYTE
    assert 7 < seconds < 12


def test_child_when_the_machine_has_limits_of_its_own_then_they_stay() -> None:
    with CodecPool(1) as pool:
        pool.compress(GOOD, OutputOptions())
        (pid,) = pool.pids()
        resource.prlimit(pid, resource.RLIMIT_DATA, (100 * MEBIBYTE, 100 * MEBIBYTE))
        pool.compress(GOOD, OutputOptions())
        soft, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
    assert soft <= hard == 100 * MEBIBYTE


def test_child_when_a_library_complains_of_a_file_then_nothing_of_it_reaches_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    whole = encode(photo().convert("1"), "TIFF", compression="group4")
    start = int.from_bytes(whole[4:8], "little") // 2
    broken = whole[:start] + bytes(range(1, 200)) + whole[start + 199 :]
    compress(broken, OutputOptions(), ImageLimits())
    assert "Bad code word" in capfd.readouterr().err  # unconfined, libtiff speaks
    with CodecPool(1) as pool:
        pool.compress(broken, OutputOptions())
    assert capfd.readouterr().err == ""


def test_compress_when_our_own_program_fails_then_decoder_crashed_and_one_line_says_where(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits = ImageLimits(max_pixels="many\nmore")  # type: ignore[arg-type]  # what makes it fail
    with CodecPool(1, limits) as pool, pytest.raises(ImageRejected) as caught:
        pool.compress(GOOD, OutputOptions())
    assert caught.value.code == "decoder_crashed"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "TypeError" in record.getMessage()
    assert "policy.py:" in record.getMessage()
    assert record.getMessage().isprintable()


@pytest.mark.parametrize("mebibytes", [60, 100])
def test_compress_when_it_is_memory_that_our_program_fails_for_then_out_of_memory_and_no_fault_is_logged(
    mebibytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    large = encode(Image.merge("RGB", [Image.effect_noise((3000, 2000), 90 + n) for n in range(3)]), "JPEG")
    with CodecPool(1, memory_bytes=mebibytes * MEBIBYTE) as pool, pytest.raises(ImageRejected) as caught:
        pool.compress(large, OutputOptions(format=OutputFormat.PNG))
    assert caught.value.code == "out_of_memory"
    assert not caplog.records


def test_children_when_one_is_lost_to_a_fault_then_another_takes_its_place() -> None:
    limits = ImageLimits(max_pixels="many")  # type: ignore[arg-type]  # what makes it fail
    with CodecPool(1, limits) as pool:
        eventually(pool.pids)
        before = pool.pids()
        with pytest.raises(ImageRejected):
            pool.compress(GOOD, OutputOptions())
        eventually(lambda: pool.pids() and pool.pids() != before)
