"""A Celery application of one task: fetch, compress with the product's codec, put. Workers are processes, one a core.

REDIS_URL names its broker and its results; where the pictures go is part of every call.
"""

from __future__ import annotations

import io
import os
from functools import cache

import requests
from celery import Celery
from minio import Minio

from imagebatch.model.batch import OutputOptions
from imagebatch_processor import codec
from imagebatch_processor.policy import ImageLimits

KEPT_BLOCKS = 4

app = Celery("bench", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
codec.keep_pixel_memory(KEPT_BLOCKS)


@cache
def session() -> requests.Session:
    return requests.Session()


@cache
def store(endpoint: str, access_key: str, secret_key: str) -> Minio:
    return Minio(endpoint, access_key, secret_key, secure=False)


@app.task
def compress(url: str, server: tuple[str, str, str], bucket: str, name: str) -> int:
    """Return the bytes of the compressed picture."""
    answer = session().get(url, timeout=30)
    answer.raise_for_status()
    data = codec.compress(answer.content, OutputOptions(quality=50), ImageLimits()).data
    store(*server).put_object(bucket, name, io.BytesIO(data), len(data), "image/jpeg")
    return len(data)
