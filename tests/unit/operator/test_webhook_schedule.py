"""When a webhook is sent, sent again and given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.manual_clock import START, ManualClock
from fakes.memory_deliveries import MemoryDeliveries, Said, ScriptedHttp

from imagebatch.metrics import Metrics
from imagebatch.model.errors import ImageRejected, Misconfigured
from imagebatch.ports import Delivery
from imagebatch_operator.webhooks import Deliverer, Schedule, SigningKeys

DELIVERY = Delivery(1, "r", "msg_r", "https://hook.example/in", "default", b'{"a": 1}', attempts=0)
Make = Callable[..., tuple[Deliverer, MemoryDeliveries]]


@pytest.fixture
def make(clock: ManualClock, metrics: Metrics, tmp_path: Path) -> Make:
    """`make(*answers)` is a deliverer with one delivery due at once, and its outbox."""
    (tmp_path / "default").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")

    def build(*answers: Said | ImageRejected) -> tuple[Deliverer, MemoryDeliveries]:
        outbox = MemoryDeliveries(DELIVERY, START)
        deliverer = Deliverer(
            deliveries=outbox,
            http=ScriptedHttp(*answers),
            keys=SigningKeys(str(tmp_path)),
            schedule=Schedule([0, 5, 300, 1800], jitter=lambda: 0.0),
            timeout_seconds=15,
            clock=clock,
            metrics=metrics,
        )
        return deliverer, outbox

    return build


def run(deliverer: Deliverer, outbox: MemoryDeliveries, clock: ManualClock) -> list[float]:
    """Deliver until nothing is due any more; return when, in seconds from the start, each try was made."""
    while outbox.due is not None:
        clock.pass_(max(0.0, (outbox.due - clock.now()).total_seconds()))
        assert deliverer.deliver_next()
    assert not deliverer.deliver_next()
    return [(each.started_at - START).total_seconds() for each in outbox.tries]


def test_delivery_answered_with_2xx_is_done_at_once(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(202))
    assert run(deliverer, outbox, clock) == [0]
    assert outbox.delivered
    assert (outbox.tries[0].number, outbox.tries[0].http_status, outbox.tries[0].error) == (1, 202, None)


def test_delivery_refused_for_ever_follows_the_schedule_and_is_given_up(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(500))
    assert run(deliverer, outbox, clock) == [0, 5, 305, 2105]
    assert not outbox.delivered
    assert [each.number for each in outbox.tries] == [1, 2, 3, 4]


def test_delivery_refused_twice_and_then_taken_is_done(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(500), Said(302), Said(204))
    assert run(deliverer, outbox, clock) == [0, 5, 305]
    assert outbox.delivered
    assert [each.http_status for each in outbox.tries] == [500, 302, 204]


def test_delivery_answered_with_410_is_not_tried_again(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(410))
    assert run(deliverer, outbox, clock) == [0]
    assert not outbox.delivered


@pytest.mark.parametrize(("status", "wish", "second"), [(429, 60, 60), (503, 60, 60), (429, 1, 5), (429, 1e9, 86_400)])
def test_delivery_with_retry_after_waits_at_least_that_long(
    make: Make, clock: ManualClock, status: int, wish: float, second: float
) -> None:
    deliverer, outbox = make(Said(status, wish), Said(200))
    assert run(deliverer, outbox, clock) == [0, second]


def test_delivery_that_cannot_be_sent_records_why_and_goes_on(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(ImageRejected("blocked_address", "10.0.0.1 is refused."), Said(200))
    assert run(deliverer, outbox, clock) == [0, 5]
    assert outbox.tries[0].error == "blocked_address: 10.0.0.1 is refused."
    assert outbox.tries[0].http_status is None


def test_delivery_that_another_sender_holds_is_left_alone(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(200))
    assert outbox.claim(clock.now(), 60) is not None
    assert not deliverer.deliver_next()
    clock.pass_(60)
    assert deliverer.deliver_next()


@pytest.mark.parametrize(("due_seconds", "idle"), [(None, 5.0), (0, 0.05), (2, 2.0), (99, 5.0)])
def test_idle_seconds_for_what_is_due_next_are_never_long(make: Make, due_seconds: float | None, idle: float) -> None:
    deliverer, outbox = make(Said(200))
    outbox.due = None if due_seconds is None else START + timedelta(seconds=due_seconds)
    assert deliverer.idle_seconds() == idle


def test_next_try_with_jitter_comes_later_never_sooner() -> None:
    schedule = Schedule([0, 100], jitter=lambda: 1.0)
    assert schedule.next_try(1, START, None) == START + timedelta(seconds=120)
    assert schedule.next_try(2, START, None) is None


@pytest.mark.parametrize("text", ["", "1,x", "1,,2", "-1", "nan", "0,inf", "1e9"])
def test_schedule_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="WEBHOOK_SCHEDULE"):
        Schedule.parse(text)


def test_delivery_asked_for_anew_follows_the_schedule_from_its_start(make: Make, clock: ManualClock) -> None:
    deliverer, outbox = make(Said(500))
    run(deliverer, outbox, clock)
    clock.pass_(10_000)
    asked_at = (clock.now() - START).total_seconds()
    assert outbox.redeliver("r", clock.now())
    tried_at = run(deliverer, outbox, clock)
    assert tried_at[4:] == [asked_at, asked_at + 5, asked_at + 305, asked_at + 2105]
    assert [each.number for each in outbox.tries] == list(range(1, 9))
