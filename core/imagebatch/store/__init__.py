"""The object store. `S3BlobStore` is the BlobStore port over any S3; the only package that knows the S3 SDK."""

from imagebatch.store.s3 import S3BlobStore

__all__ = ["S3BlobStore"]
