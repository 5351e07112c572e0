"""GET /status/{id}/events: what a stream tells, and that many watch at the price of one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted
from support.asgi_client import AsgiClient
from support.sample_batches import DONE, NOON, RUNNING, end, new_batch, progress

from imagebatch.model.batch import Reason, Status, Verdict
from imagebatch.model.errors import NotFound, Unavailable
from imagebatch_api import watching
from imagebatch_api.app import create_app
from imagebatch_api.watching import StatusWatch, TooManyStreams

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches

    from imagebatch.model.batch import Batch
    from imagebatch_api.container import Container

NEW = as_accepted(new_batch("local"))
AT_WORK = [replace(NEW, verdict=RUNNING, progress=progress(done)) for done in range(3)]
ENDED = replace(NEW, verdict=DONE, progress=progress(2, 1), has_result=True, finished_at=NOON)
DOWN = Unavailable("it does not answer", dependency="database")


class Script:
    """Answers of the database in order, the last one for ever; `reads` counts them."""

    def __init__(self, *answers: Batch | Exception) -> None:
        self.answers = list(answers)
        self.reads = 0

    async def read(self, _: str) -> Batch:
        self.reads += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def seen(watch: StatusWatch, first: Batch = NEW) -> list[Batch]:
    with watch.watching(first) as changes:
        return [batch async for batch in changes]


def told(script: Script, first: Batch = NEW) -> list[Batch]:
    async def tell() -> list[Batch]:
        return await asyncio.wait_for(seen(StatusWatch(script.read, 0.001), first), 10)

    return asyncio.run(tell())


def test_stream_of_an_ended_request_is_one_event(api: AsgiClient, batches: MemoryBatches) -> None:
    batches.batches[NEW.request_id] = NEW
    batches.finish(NEW.request_id, end(), [])
    answer = api.get(f"/status/{NEW.request_id}/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-cache", "no")
    lines = answer.text.split("\n")
    assert lines[0] == "event: status"
    assert json.loads(lines[1].removeprefix("data: ")) == api.get(f"/status/{NEW.request_id}").json()
    assert lines[2:] == ["retry: 2000", "", ""]


def test_stream_tells_every_change_to_the_end(container: Container, batches: MemoryBatches) -> None:
    batches.batches[NEW.request_id] = NEW
    watch = StatusWatch(Script(NEW, *AT_WORK, ENDED).read, 0.01)
    with AsgiClient(create_app(replace(container, watch=watch))) as api:
        text = api.get(f"/status/{NEW.request_id}/events").text
    events = [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: ")]
    assert [each["status"] for each in events] == ["Pending", "Processing", "Processing", "Processing", "Completed"]
    assert [each["counts"]["succeeded"] for each in events] == [0, 0, 1, 2, 2]
    assert text.count("retry:") == 1


def test_stream_when_nothing_changes_tells_nothing_twice() -> None:
    assert told(Script(NEW, NEW, AT_WORK[1], AT_WORK[1], ENDED)) == [NEW, AT_WORK[1], ENDED]


def test_stream_when_reads_cross_never_goes_back() -> None:
    assert told(Script(AT_WORK[2], AT_WORK[1], NEW, ENDED), AT_WORK[1]) == [AT_WORK[1], AT_WORK[2], ENDED]


def test_stream_that_joins_others_tells_nothing_older_than_what_it_began_with() -> None:
    cancelling = replace(AT_WORK[1], verdict=Verdict(Status.PROCESSING, Reason.CANCELLING, "It is being cancelled."))

    async def join() -> list[list[Batch]]:
        watch = StatusWatch(Script(cancelling, ENDED).read, 0.05)
        return await asyncio.wait_for(asyncio.gather(seen(watch, AT_WORK[1]), seen(watch, cancelling)), 10)

    assert asyncio.run(join()) == [[AT_WORK[1], cancelling, ENDED], [cancelling, ENDED]]


def test_stream_when_a_look_was_under_way_as_another_joined_tells_nothing_older() -> None:
    cancelling = replace(AT_WORK[1], verdict=Verdict(Status.PROCESSING, Reason.CANCELLING, "It is being cancelled."))

    async def join() -> list[Batch]:
        asked, go_on, answers = asyncio.Event(), asyncio.Event(), [AT_WORK[1], ENDED]

        async def read(_: str) -> Batch:
            asked.set()
            await go_on.wait()
            return answers.pop(0)

        watch = StatusWatch(read, 0.001)
        first = asyncio.create_task(seen(watch, AT_WORK[0]))
        await asyncio.wait_for(asked.wait(), 10)
        second = asyncio.create_task(seen(watch, cancelling))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(first, 10)
        return await second

    assert asyncio.run(join()) == [cancelling, ENDED]


def test_stream_during_an_outage_waits_it_out() -> None:
    assert told(Script(AT_WORK[0], DOWN, DOWN, ENDED)) == [NEW, AT_WORK[0], ENDED]


@pytest.mark.parametrize("fault", [NotFound("it was deleted"), RuntimeError("a fault of our own")])
def test_stream_of_a_request_that_is_gone_ends(fault: Exception) -> None:
    assert told(Script(AT_WORK[0], fault)) == [NEW, AT_WORK[0]]


def test_streams_of_one_request_read_it_once_for_all() -> None:
    script = Script(*[NEW] * 20, ENDED)

    async def many() -> list[list[Batch]]:
        watch = StatusWatch(script.read, 0.001)
        return await asyncio.wait_for(asyncio.gather(*(seen(watch) for _ in range(50))), 10)

    assert asyncio.run(many()) == [[NEW, ENDED]] * 50
    assert script.reads == 21


def test_stream_that_nobody_watches_any_more_is_not_read() -> None:
    async def leave() -> None:
        script = Script(NEW)
        watcher = asyncio.create_task(seen(StatusWatch(script.read, 0.001)))
        await reads(script, 3)
        watcher.cancel()
        async with asyncio.timeout(10):
            while asyncio.all_tasks() != {asyncio.current_task()}:
                await asyncio.sleep(0)

    asyncio.run(leave())


async def reads(script: Script, count: int) -> None:
    async with asyncio.timeout(10):
        while script.reads < count:
            await asyncio.sleep(0)


def test_streams_when_the_service_stops_end() -> None:
    async def stop() -> list[list[Batch]]:
        script = Script(AT_WORK[0])
        watch = StatusWatch(script.read, 0.001)
        watchers = asyncio.gather(*(seen(watch) for _ in range(5)))
        await reads(script, 2)
        watch.end()
        return await asyncio.wait_for(watchers, 10)

    assert asyncio.run(stop()) == [[NEW, AT_WORK[0]]] * 5


def test_stream_beyond_the_places_is_refused_and_places_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "STREAMS_AT_ONCE", 2)

    async def crowd() -> None:
        watch = StatusWatch(Script(NEW).read, 0.001)
        with watch.watching(NEW), watch.watching(NEW), pytest.raises(TooManyStreams), watch.watching(NEW):
            pass
        with watch.watching(NEW):
            pass

    asyncio.run(crowd())


def test_stream_beyond_the_places_is_answered_503(
    api: AsgiClient, batches: MemoryBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STREAMS_AT_ONCE", 0)
    batches.batches[NEW.request_id] = NEW
    answer = api.get(f"/status/{NEW.request_id}/events")
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")
    assert answer.headers["content-type"] == "application/problem+json"
