"""`python -m bench.contenders.naive_loop`: what one writes first: fetch, compress, put, one picture after the other.

Reads {"endpoint", "access_key", "secret_key", "bucket", "prefix", "urls"} as JSON, prints the seconds of the loop.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

import requests
from minio import Minio
from PIL import Image


def main(task: dict[str, Any]) -> float:
    store = Minio(task["endpoint"], task["access_key"], task["secret_key"], secure=False)
    started = time.perf_counter()
    for number, url in enumerate(task["urls"]):
        answer = requests.get(url, timeout=30)
        answer.raise_for_status()
        picture = Image.open(io.BytesIO(answer.content))
        compressed = io.BytesIO()
        picture.save(compressed, "JPEG", quality=50)
        size = compressed.tell()
        compressed.seek(0)
        store.put_object(task["bucket"], f"{task['prefix']}{number}.jpg", compressed, size, "image/jpeg")
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(json.load(sys.stdin)))
