"""What is large, and what is slow, is worked on by few at a time, so that neither memory nor workers run out."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from support.batch_scene import REQUEST_ID, Scene, succeeded
from support.intake_desk import CSV, IntakeDesk

from imagebatch import intake
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import Misconfigured, Unavailable
from imagebatch.net.messages import Fetched, FetchLimits, Sink
from imagebatch_operator import settle
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler
from imagebatch_operator.source import FETCHES_AT_ONCE, SourceReader

URL = {"url": "https://shop.example/mugs.csv"}
WAIT_SECONDS = 10.0


def runs_only_once_free(lock: threading.Lock, work: Callable[[], object]) -> bool:
    """Tell whether some work that begins while a lock is held ends only after that."""
    done = threading.Event()

    def body() -> None:
        work()
        done.set()

    thread = threading.Thread(target=body)
    with lock:
        thread.start()
        waited = not done.wait(0.2)
    thread.join(WAIT_SECONDS)
    return waited and done.is_set()


def test_settle_of_a_large_batch_waits_for_its_turn(
    settler: Settler, accepted: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "LARGE_SLOTS", 1)
    scene = accepted([["http://a/0", "http://a/1"]])
    scene.finish_shard(0, [succeeded(image) for image in scene.images])
    assert runs_only_once_free(settler._large, lambda: settler.settle(REQUEST_ID, Stop()))


def test_settle_of_a_small_batch_waits_for_nobody(settler: Settler, accepted: Callable[..., Scene]) -> None:
    scene = accepted([["http://a/0"]])
    scene.finish_shard(0, [succeeded(image) for image in scene.images])
    with settler._large:
        assert settler.settle(REQUEST_ID, Stop())


def test_intake_of_a_large_csv_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LARGE_CSV_BYTES", 10)
    desk = IntakeDesk()
    request_id = desk.write(source={"inline": CSV})
    assert runs_only_once_free(desk.large, lambda: desk.intake.take_in(request_id))
    assert request_id in desk.database.batches.batches


def test_fetch_beyond_those_at_once_is_put_off_and_counts_for_nothing() -> None:
    desk, free, begun = IntakeDesk(), threading.Event(), threading.Semaphore(0)

    def slow(url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        begun.release()
        free.wait(WAIT_SECONDS)
        into.write(CSV.encode())
        return Fetched(200, len(CSV), "text/csv", url, 1)

    desk.http.get = slow  # type: ignore[method-assign]
    first = [desk.write(f"csv-{n}", source=URL) for n in range(FETCHES_AT_ONCE)]
    threads = [threading.Thread(target=desk.intake.take_in, args=(each,)) for each in first]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=WAIT_SECONDS)
    late = desk.write("late", source=URL)
    for seconds in (0, 600):
        desk.clock.pass_(seconds)
        with pytest.raises(Unavailable, match="other CSVs are being fetched"):
            desk.intake.take_in(late)
    free.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert desk.intake.take_in(late)


@pytest.mark.parametrize("inbox", ["", "inbox", "requests/", "requests/x/"])
def test_inbox_that_would_open_what_is_not_for_it_is_refused(inbox: str) -> None:
    desk = IntakeDesk()
    with pytest.raises(Misconfigured, match="IMAGEBATCH_INBOX_PREFIX"):
        SourceReader(
            store=desk.store,
            http=desk.http,  # type: ignore[arg-type]
            config_maps=desk.registry,
            inbox=inbox,
            max_bytes=CsvLimits().max_bytes,
        )
