"""`python -m imagebatch_processor` as a child, for tests of one shard's whole process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from imagebatch.settings import StoreSettings

KILL_SECONDS = 30.0


def shard_environment(store: StoreSettings, request_id: str, *, allow: str = "", shard: int = 0) -> dict[str, str]:
    """Return the variables of shard `shard`; `allow` opens the loopback to its fetches."""
    return {
        "IMAGEBATCH_S3_ENDPOINT": store.s3_endpoint,
        "IMAGEBATCH_S3_ACCESS_KEY": store.s3_access_key,
        "IMAGEBATCH_S3_SECRET_KEY": store.s3_secret_key,
        "IMAGEBATCH_S3_BUCKET": store.s3_bucket,
        "IMAGEBATCH_S3_PREFIX": store.s3_prefix,
        "IMAGEBATCH_FETCH_ALLOW": allow,
        "REQUEST_ID": request_id,
        "JOB_COMPLETION_INDEX": str(shard),
    }


@contextmanager
def shard_process(environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a shard; it is killed if it is still there at the block's end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEBATCH_")}
    command = [sys.executable, "-W", "error::ResourceWarning", "-m", "imagebatch_processor"]
    with log.open("ab") as output:
        child = subprocess.Popen(command, env={**kept, **environment}, stdout=output, stderr=output)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(KILL_SECONDS)
