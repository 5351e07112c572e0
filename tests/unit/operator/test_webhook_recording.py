"""A webhook that was sent while the database was away is written down once it is back, and not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes.manual_clock import START, ManualClock
from fakes.memory_deliveries import MemoryDeliveries, Said, ScriptedHttp

from imagebatch.model.errors import Unavailable
from imagebatch.ports import Delivery, DeliveryAttempt
from imagebatch_operator.webhooks import Deliverer, Schedule, SigningKeys

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from imagebatch.metrics import Metrics

DELIVERY = Delivery(1, "r", "msg_r", "https://hook.example/in", "default", b'{"a": 1}', attempts=0)


class AwayForAWhile(MemoryDeliveries):
    """An outbox whose database does not take the first few records."""

    refusals = 5

    def record_attempt(
        self, delivery: Delivery, attempt: DeliveryAttempt, *, delivered: bool, due: datetime | None = None
    ) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("the database does not answer now", dependency="database")
        super().record_attempt(delivery, attempt, delivered=delivered, due=due)


def test_message_when_the_database_goes_after_it_was_sent_is_recorded_later_and_sent_once(
    clock: ManualClock, metrics: Metrics, tmp_path: Path
) -> None:
    (tmp_path / "default").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    outbox = AwayForAWhile(DELIVERY, START)
    deliverer = Deliverer(
        deliveries=outbox,
        http=ScriptedHttp(Said(200)),
        keys=SigningKeys(str(tmp_path)),
        schedule=Schedule([0, 5]),
        timeout_seconds=15,
        clock=clock,
        metrics=metrics,
    )
    assert deliverer.deliver_next()
    assert outbox.delivered
    assert [each.http_status for each in outbox.tries] == [200]
    assert not deliverer.deliver_next()
