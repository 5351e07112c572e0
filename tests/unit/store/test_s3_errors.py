"""What the S3 SDK raises becomes NotFound, Unavailable or Misconfigured; nothing else leaves the store."""

from __future__ import annotations

import pytest
import urllib3
from minio.error import S3Error, ServerError

from imagebatch.model.errors import Misconfigured, NotFound, Unavailable
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch.store.s3 import _chunks, translated


def s3_error(code: str) -> S3Error:
    return S3Error(None, code, "words of the server", "r", "id", "host")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (s3_error("NoSuchKey"), NotFound),
        (s3_error("NoSuchBucket"), Unavailable),
        (s3_error("AccessDenied"), Unavailable),
        (s3_error("SlowDown"), Unavailable),
        (ServerError("503", 503), Unavailable),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), Unavailable),
        (ConnectionResetError(), Unavailable),
    ],
)
def test_translated_when_the_sdk_raises_raises_ours(foreign: Exception, ours: type[Exception]):
    with pytest.raises(ours), translated("some/key"):
        raise foreign


def test_unavailable_names_the_store():
    with pytest.raises(Unavailable) as caught, translated("some/key"):
        raise s3_error("InternalError")
    assert caught.value.dependency == "store"
    assert caught.value.code == "store_unavailable"


@pytest.mark.parametrize("endpoint", ["localhost:9000", "ftp://s3", "https://", "https://s3/bucket"])
def test_store_when_the_endpoint_is_no_address_is_misconfigured(endpoint: str):
    with pytest.raises(Misconfigured):
        S3BlobStore(StoreSettings(s3_endpoint=endpoint, s3_access_key="a", s3_secret_key="b"))


class Answer:
    """A fake HTTP answer that knows whether it was closed."""

    closed = False

    def stream(self, _: int) -> list[bytes]:
        return [b"a", b"b"]

    def close(self) -> None:
        self.closed = True

    def release_conn(self) -> None: ...


def test_chunks_when_closed_before_the_first_let_the_connection_go():
    answer = Answer()
    _chunks("key", answer).close()
    assert answer.closed


def test_chunks_when_read_to_the_end_let_the_connection_go():
    answer = Answer()
    assert b"".join(_chunks("key", answer)) == b"ab"
    assert answer.closed
