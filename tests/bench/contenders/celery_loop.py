"""`python -m bench.contenders.celery_loop`: calls the task for every picture and waits for all results.

Reads {"endpoint", "access_key", "secret_key", "bucket", "prefix", "urls"} as JSON, prints the seconds.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bench.contenders.celery_tasks import compress
from celery import group

PATIENCE_SECONDS = 1800


def main(task: dict[str, Any]) -> float:
    server = (task["endpoint"], task["access_key"], task["secret_key"])
    started = time.perf_counter()
    calls = group(
        compress.s(url, server, task["bucket"], f"{task['prefix']}{number}.jpg")
        for number, url in enumerate(task["urls"])
    )
    calls.apply_async().get(timeout=PATIENCE_SECONDS)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(json.load(sys.stdin)))
