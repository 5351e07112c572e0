"""The pool's ordinary work: many threads, few children, the codec's own results."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.pictures import encode, photo
from support.waiting import eventually

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected, Unavailable
from imagebatch_processor.codec import compress
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool() -> Iterator[CodecPool]:
    with CodecPool(2, memory_bytes=1024 * MEBIBYTE) as pool:
        eventually(lambda: len(pool.pids()) == 2)
        yield pool


def test_compress_when_many_threads_then_every_picture_gets_its_own_result(pool: CodecPool) -> None:
    work = [
        (encode(photo(200 + n, 100, n), "JPEG", quality=95), OutputOptions(quality=30 + n, format=wanted))
        for n in range(12)
        for wanted in (OutputFormat.AUTO, OutputFormat.WEBP, OutputFormat.PNG)
    ]
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda item: pool.compress(*item), work))
    assert found == [compress(*item, ImageLimits()) for item in work]
    assert len(pool.pids()) == 2


def test_compress_when_the_original_is_kept_then_the_same_object_comes_back(pool: CodecPool) -> None:
    data = encode(photo(), "JPEG", quality=5, optimize=True)
    result = pool.compress(data, OutputOptions())
    assert result.data is data
    assert result.kept_original


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"<html>", "not_an_image"), (b"<svg>", "unsupported_format"), (bytes(26 * MEBIBYTE), "too_large")],
)
def test_compress_when_refused_then_the_code_comes_through_and_the_child_stays(
    pool: CodecPool, data: bytes, code: str
) -> None:
    pool.compress(encode(photo(), "JPEG"), OutputOptions())
    before = sorted(pool.pids())
    with pytest.raises(ImageRejected) as caught:
        pool.compress(data, OutputOptions())
    assert caught.value.code == code
    assert sorted(pool.pids()) == before


def test_compress_when_limits_are_given_then_the_children_hold_them() -> None:
    with CodecPool(1, ImageLimits(max_pixels=100)) as pool, pytest.raises(ImageRejected) as caught:
        pool.compress(encode(photo(), "JPEG"), OutputOptions())
    assert caught.value.code == "too_many_pixels"


def test_compress_when_the_thread_that_asked_has_ended_then_the_children_live_on(pool: CodecPool) -> None:
    data = encode(photo(), "JPEG", quality=95)
    for _ in range(3):
        thread = threading.Thread(target=pool.compress, args=(data, OutputOptions()))
        thread.start()
        thread.join()
    before = sorted(pool.pids())
    pool.compress(data, OutputOptions())
    assert sorted(pool.pids()) == before


def test_compress_when_closed_then_unavailable_and_no_child_is_left() -> None:
    pool = CodecPool(2)
    pool.compress(encode(photo(), "JPEG"), OutputOptions())
    pids = pool.pids()
    pool.close()
    for _ in range(3):
        with pytest.raises(Unavailable):
            pool.compress(b"x", OutputOptions())
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_compress_when_children_do_not_start_then_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with CodecPool(1) as pool, pytest.raises(Unavailable, match="does not come up"):
        pool.compress(encode(photo(), "JPEG"), OutputOptions())


def test_children_when_started_then_nothing_of_the_parents_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_SECRET_KEY", "do not tell")
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    with CodecPool(1) as pool:
        pool.compress(encode(photo(), "JPEG"), OutputOptions())
        (pid,) = pool.pids()
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        assert {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()} == {0, 1, 2}
    os.close(read_end)
    os.close(write_end)


def test_parent_when_it_imports_the_pool_then_no_image_library_comes_along() -> None:
    program = "import sys, imagebatch_processor.codec_pool; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
