"""The S3 SDK without its client for MinIO's administration, as `S3BlobStore` uses it.

The SDK imports that client at once, and with it two libraries of ciphers and a parser of C: a sixth of a shard's start.
"""

import sys
from importlib import import_module
from types import ModuleType

_ADMINISTRATION = "minio.minioadmin"


def _load() -> None:
    """Import the SDK while a module of one name and no content stands where its administration client would."""
    stand_in = ModuleType(_ADMINISTRATION)
    stand_in.MinioAdmin = None  # type: ignore[attr-defined]
    sys.modules[_ADMINISTRATION] = stand_in
    try:
        import_module("minio")
    finally:
        del sys.modules[_ADMINISTRATION]


if "minio" not in sys.modules:
    _load()

from minio import Minio  # noqa: E402 - after the above
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError  # noqa: E402

__all__ = ["InvalidResponseError", "Minio", "MinioException", "S3Error", "ServerError"]
