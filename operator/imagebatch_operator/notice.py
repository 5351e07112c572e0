"""The webhook that tells of a batch's end: its body, frozen when the final status is set. Pure; called by settle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.ports import NewDelivery
from imagebatch_operator.result_files import summary

if TYPE_CHECKING:
    from datetime import datetime

    from imagebatch.model.batch import Batch, Progress, Verdict
    from imagebatch.ports import NewBatch
    from imagebatch_operator.result_files import Links


def delivery_for(
    batch: Batch | NewBatch,
    verdict: Verdict,
    progress: Progress,
    links: Links | None,
    finished_at: datetime,
    *,
    default_key_name: str,
) -> NewDelivery | None:
    """Return the delivery of a request that names a receiver, else None. `links` None: there are no result files."""
    if not batch.spec.webhook_url:
        return None
    body = {
        "request_id": batch.request_id,
        **summary(verdict, progress),
        "result_url": links.file(names.OUTPUT_CSV) if links else None,
        "errors_url": links.file(names.ERRORS_CSV) if links else None,
        "report_url": links.file(names.REPORT_JSON) if links else None,
        "finished_at": finished_at.isoformat().replace("+00:00", "Z"),
    }
    return NewDelivery(
        webhook_id=batch.webhook_id,
        url=batch.spec.webhook_url,
        key_name=batch.spec.webhook_key_name or default_key_name,
        body=json.dumps(body, ensure_ascii=False).encode(),
    )
