"""`python -m bench.contenders.thumbor_loop`: asks a thumbor for every picture and puts its answer, eight at a time.

Reads {"thumbor", "endpoint", "access_key", "secret_key", "bucket", "prefix", "urls"} as JSON, prints the seconds.
"""

from __future__ import annotations

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import requests
from minio import Minio

AT_ONCE = 8


def main(task: dict[str, Any]) -> float:
    store = Minio(task["endpoint"], task["access_key"], task["secret_key"], secure=False)
    session = requests.Session()

    def compress(number: int, url: str) -> None:
        answer = session.get(f"{task['thumbor']}/unsafe/filters:quality(50)/{quote(url, safe='')}", timeout=60)
        answer.raise_for_status()
        name = f"{task['prefix']}{number}.jpg"
        store.put_object(task["bucket"], name, io.BytesIO(answer.content), len(answer.content), "image/jpeg")

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(compress, *zip(*enumerate(task["urls"]), strict=True)))
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(json.load(sys.stdin)))
