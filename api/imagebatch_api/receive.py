"""Reading an upload: multipart or raw CSV, with limits that hold while it streams. Used by the upload route.

What comes in goes to a temporary file once it is over 1 MiB, so memory does not grow with the number of uploads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

import anyio
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from imagebatch.model.errors import ImageBatchError, InvalidRequest, TooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from starlette.requests import Request

SPOOL_BYTES = 1024 * 1024
MAX_FIELDS = 20
MAX_FIELD_BYTES = 8 * 1024
FORM_OVERHEAD_BYTES = MAX_FIELDS * MAX_FIELD_BYTES + 64 * 1024  # fields, part headers and boundaries beside the file
FILE_FIELD = "file"


class UploadTimeout(ImageBatchError):
    """The body was not there in time."""

    code = "upload_timeout"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may be: bytes of its file, and seconds from its first byte to its last."""

    file_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Received:
    """A CSV that has arrived, and the form fields that came with it. `size` is in bytes."""

    file: UploadFile
    size: int
    fields: dict[str, str]

    def read(self) -> bytes:
        """Return the CSV; blocks on the disk."""
        return self.file.file.read()


@asynccontextmanager
async def received(request: Request, limits: UploadLimits) -> AsyncIterator[Received]:
    """Read the request's body and hold its file until the end.

    Raises UnsupportedMediaType, TooLarge as soon as more than allowed has come, UploadTimeout, and InvalidRequest for
    a form that is malformed, without a file or with too many fields, and for a file without bytes.
    """
    read = _reader(request)
    upload = await read(request, limits)
    request.state.body_read = True
    try:
        if upload.size > limits.file_bytes:
            raise _too_large(limits.file_bytes)
        if upload.size == 0:
            raise InvalidRequest("The file has no bytes.", code="empty_file")
        yield upload
    finally:
        await upload.file.close()


def _reader(request: Request) -> _Reader:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("The body must not be encoded (Content-Encoding).")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    found = _READERS.get(media_type)
    if found is None:
        sent = f"not {media_type[:100]}" if media_type else "but no Content-Type was sent"
        raise UnsupportedMediaType(f"Send multipart/form-data with a part `file`, or text/csv; {sent}.")
    return found


async def _read_raw(request: Request, limits: UploadLimits) -> Received:
    # Not a with statement: the file outlives this function, and `received` closes it.
    file = UploadFile(cast("BinaryIO", SpooledTemporaryFile(max_size=SPOOL_BYTES)), size=0)  # noqa: SIM115
    try:
        async for chunk in _limited(request, limits.file_bytes, limits):
            await file.write(chunk)
        await file.seek(0)
    except BaseException:
        file.file.close()
        raise
    return Received(file, file.size or 0, {})


class _Form(MultiPartParser):
    """Starlette's parser, which by itself takes a form that breaks off for a whole one and forgets its file.

    Texts are UTF-8: a `charset` of the header, which RFC 7578 (section 8) does not know, would choose any of Python's.
    """

    ended = False

    def on_part_begin(self) -> None:
        """Begin a part."""
        self._charset = "utf-8"
        super().on_part_begin()

    def on_end(self) -> None:
        """Note that the last boundary was there."""
        self.ended = True

    async def to_its_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield the body; raise where it breaks off, inside `parse`, which then closes the file."""
        async for chunk in stream:
            yield chunk
        if not self.ended:
            raise InvalidRequest("The form breaks off before its last boundary.", code="malformed_form")


async def _read_form(request: Request, limits: UploadLimits) -> Received:
    stream = _limited(request, limits.file_bytes + FORM_OVERHEAD_BYTES, limits)
    parser = _Form(request.headers, stream, max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    parser.stream = parser.to_its_end(stream)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InvalidRequest(f"The form cannot be read: {error.message}", code="malformed_form") from error
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    file = form.get(FILE_FIELD)
    if isinstance(file, UploadFile):
        return Received(file, file.size or 0, fields)
    await form.close()
    raise InvalidRequest(_why_no_file(list(form)), code="missing_file")


def _why_no_file(names: list[str]) -> str:
    if FILE_FIELD in names:
        return "The part `file` is a text field; send it as a file: curl -F file=@products.csv"
    return f"The form has no part named `file`: curl -F file=@products.csv; it has {', '.join(names) or 'no part'}."


async def _limited(request: Request, max_body_bytes: int, limits: UploadLimits) -> AsyncGenerator[bytes, None]:
    """Yield the body; refuse it by its Content-Length, or without one as soon as it is too long, or too late."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_body_bytes:
        raise _too_large(limits.file_bytes)
    count = 0
    async for chunk in _in_time(request, limits.seconds):
        count += len(chunk)
        if count > max_body_bytes:
            raise _too_large(limits.file_bytes)
        yield chunk


async def _in_time(request: Request, seconds: float) -> AsyncGenerator[bytes, None]:
    deadline = anyio.current_time() + seconds
    chunks = aiter(request.stream())
    while True:
        try:
            with anyio.fail_after(deadline - anyio.current_time()):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise UploadTimeout(f"The body was not there within {seconds:g} seconds.") from error
        if chunk is None:
            return
        yield chunk


def _too_large(max_file_bytes: int) -> TooLarge:
    return TooLarge(f"The file is too large; {max_file_bytes:,} bytes are allowed.")


_Reader = Callable[["Request", UploadLimits], Awaitable[Received]]
_READERS: dict[str, _Reader] = {"multipart/form-data": _read_form, "text/csv": _read_raw}
