"""Puts one shard together from its settings, runs it and turns its end into an exit code."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch import USER_AGENT
from imagebatch.clock import SystemClock
from imagebatch.machine import available_cpus
from imagebatch.model import names
from imagebatch.model.errors import ImageBatchError, InvalidRequest, Misconfigured, NotFound
from imagebatch.model.plan import Plan, read_images
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.net.messages import FetchLimits
from imagebatch.settings import ProcessorSettings, load
from imagebatch.store import S3BlobStore
from imagebatch.telemetry import configure_logging
from imagebatch_processor import freed_memory
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.download_room import DownloadRoom
from imagebatch_processor.ledger import Flusher, Ledger
from imagebatch_processor.pipeline import Pipeline
from imagebatch_processor.policy import ImageLimits
from imagebatch_processor.shard import End, Shard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagebatch.model.plan import Image
    from imagebatch.ports import BlobStore

STORE_PATIENCE_SECONDS = 600.0
THREADS_PER_WORKER = 16  # feeds an encoder from sources that take 100 ms to answer; those that wait cost nothing
DOWNLOADS_SHARE = 0.3  # of the memory; 60 % are the encoders'

log = logging.getLogger(__name__)


class ExitCode(IntEnum):
    """What the Job makes of the shard's end."""

    DONE = 0
    RETRY = 1
    NEVER = 42
    STOPPED = 43


@dataclass(frozen=True, slots=True)
class Task:
    """Which shard this process is."""

    request_id: str
    shard: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Task:
        """Read REQUEST_ID and JOB_COMPLETION_INDEX, which Kubernetes sets in every pod of an Indexed Job."""
        try:
            return cls(environ["REQUEST_ID"], int(environ["JOB_COMPLETION_INDEX"]))
        except (KeyError, ValueError) as error:
            raise Misconfigured(f"REQUEST_ID and JOB_COMPLETION_INDEX must say which shard to work: {error}") from error


def run(environ: Mapping[str, str], asked_to_stop: threading.Event) -> ExitCode:
    """Work one shard and return its exit code; nothing is raised."""
    try:
        settings = load(ProcessorSettings, environ)
        configure_logging(settings.log_format, "processor", request_id=environ.get("REQUEST_ID"))
        end = _work(Task.from_environ(environ), settings, asked_to_stop)
    except (Misconfigured, NotFound) as error:
        log.error("%s", error)
        return ExitCode.NEVER
    except ImageBatchError as error:
        log.error("%s", error)
        return ExitCode.RETRY
    except Exception:
        log.exception("the shard failed")
        return ExitCode.RETRY
    return ExitCode.DONE if end is End.DONE else ExitCode.STOPPED


def _work(task: Task, settings: ProcessorSettings, asked_to_stop: threading.Event) -> End:
    workers = settings.shard.shard_workers or available_cpus()
    memory_bytes = settings.shard.shard_memory_bytes
    threads = THREADS_PER_WORKER * workers
    freed_memory.return_large()
    # The children start while the plan is read.
    with CodecPool(workers, _image_limits(settings), memory_bytes=memory_bytes) as codec:
        store = S3BlobStore(settings.store, patience_seconds=STORE_PATIENCE_SECONDS, connections=threads + 1)
        plan, images = read_task(store, task)
        ledger = Ledger(store, task.request_id, task.shard)
        flusher = Flusher(ledger, seconds=settings.shard.shard_flush_seconds, images=settings.shard.shard_flush_images)
        pipeline = Pipeline(
            request_id=task.request_id,
            options=plan.output,
            http=_http(settings),
            limits=_fetch_limits(settings),
            room=DownloadRoom(int(memory_bytes * DOWNLOADS_SHARE), settings.fetch.fetch_max_bytes),
            codec=codec,
            store=store,
        )
        shard = Shard(ledger, flusher, pipeline, threads=threads)
        threading.Thread(target=_forward, args=(asked_to_stop, shard), daemon=True).start()
        return shard.run(images)


def _forward(asked_to_stop: threading.Event, shard: Shard) -> None:
    asked_to_stop.wait()
    shard.request_stop()


def read_task(store: BlobStore, task: Task) -> tuple[Plan, list[Image]]:
    """Return the plan and the shard's images. Raises NotFound or Misconfigured when they cannot be read."""
    try:
        plan = Plan.from_json(store.get(names.plan_key(task.request_id)))
        shard = plan.shards[task.shard]
        images = list(read_images(store.get_range(names.images_key(task.request_id), *shard.slice)))
    except (ValueError, KeyError, IndexError, TypeError, InvalidRequest) as error:
        raise Misconfigured(f"the plan of {task.request_id} has no shard {task.shard}: {error!r}") from error
    if len(images) != shard.count:
        raise Misconfigured(f"shard {task.shard} of {task.request_id} has {len(images)} images, not {shard.count}")
    return plan, images


def _http(settings: ProcessorSettings) -> GuardedHttp:
    fetch = settings.fetch
    return GuardedHttp(
        parse_rules(fetch.fetch_allow, fetch.fetch_refuse),
        clock=SystemClock(),
        user_agent=USER_AGENT,
        per_host=fetch.fetch_per_host,
        ca_file=Path(fetch.fetch_ca_file) if fetch.fetch_ca_file else None,
    )


def _fetch_limits(settings: ProcessorSettings) -> FetchLimits:
    fetch = settings.fetch
    return FetchLimits(
        deadline_seconds=fetch.fetch_deadline_seconds,
        max_bytes=fetch.fetch_max_bytes,
        min_bytes_per_second=fetch.fetch_min_bytes_per_second,
        attempts=fetch.fetch_attempts,
    )


def _image_limits(settings: ProcessorSettings) -> ImageLimits:
    shard = settings.shard
    return ImageLimits(
        max_bytes=settings.fetch.fetch_max_bytes,
        max_pixels=shard.max_pixels,
        max_side=shard.max_side_pixels,
        max_frames=shard.max_frames,
        decode_seconds=shard.decode_seconds,
    )
