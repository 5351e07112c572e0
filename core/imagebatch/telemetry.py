"""Logs of every program: one line an event, for people or as JSON, with the request it is about.

Standard library only, because shards load it too; the metrics are in `imagebatch.metrics`.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
# What they say below a warning is noise here: a line for each request, event or probe.
_QUIET = ("urllib3", "minio", "uvicorn.access", "aiohttp.access", "kopf.objects", "kopf.activities.probe")


@contextmanager
def about(request_id: str) -> Iterator[None]:
    """Mark every record logged inside, in this thread or task, as being about a request."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def from_now_about(request_id: str) -> None:
    """Mark every later record of this task, and of what it starts, as being about a request; for a task that ends."""
    _request_id.set(request_id)


def configure_logging(
    log_format: str, program: str, *, level: int = logging.INFO, request_id: str | None = None
) -> None:
    """Send the root logger's records to standard error as `console` or `json`. Raises Misconfigured.

    What ends a thread or the program unexpectedly is logged too. `request_id` is for a program that works on one
    request only: it stands in every record, whichever thread logs it.
    """
    formatters: dict[str, logging.Formatter] = {"console": ConsoleFormatter(program), "json": JsonFormatter(program)}
    if log_format not in formatters:
        raise Misconfigured(f"IMAGEBATCH_LOG_FORMAT must be console or json, not {log_format!r}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatters[log_format])
    handler.addFilter(lambda record: _name_the_request(record, request_id))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _log_end_of_program
    threading.excepthook = _log_end_of_thread


class ConsoleFormatter(logging.Formatter):
    """`12:00:00 operator WARNING [request id] text`, for people."""

    def __init__(self, program: str) -> None:
        super().__init__(f"%(asctime)s {program} %(levelname)s %(about)s%(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback if there is one."""
        request_id = getattr(record, "request_id", None)
        record.about = f"[{request_id}] " if request_id else ""
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339), level, program, logger, message, request_id, exception."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def format(self, record: logging.LogRecord) -> str:
        """Return the object without what is not known."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "program": self._program,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", None),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)


def _name_the_request(record: logging.LogRecord, default: str | None) -> bool:
    if getattr(record, "request_id", None) is None:
        record.request_id = _request_id.get() or default
    return True


# Python would print a bare traceback, which no reader of JSON lines understands.


def _log_end_of_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("unexpected end of the program", exc_info=(kind, error, trace))


def _log_end_of_thread(end: threading.ExceptHookArgs) -> None:
    if end.exc_value is not None and not isinstance(end.exc_value, SystemExit):
        name = end.thread.name if end.thread else "a thread"
        error = (end.exc_type, end.exc_value, end.exc_traceback)
        logging.getLogger(__name__).error("unexpected end of %s", name, exc_info=error)
