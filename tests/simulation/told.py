"""What clients were told, and what must therefore be so: `check` compares it with what the servers hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.batch import Batch, Progress, Reason, Status
from imagebatch.model.errors import NotFound
from imagebatch.ports import SettledSlot
from simulation.sources import GOOD, KILLER, MISSING

if TYPE_CHECKING:
    from simulation.world import World

OWNERS = frozenset({"local"})
RANKS = {Status.PENDING: 0, Status.PROCESSING: 1, Status.COMPLETED: 2, Status.FAILED: 2}
# What each kind of picture may come to when nothing stops it.
CODES = {GOOD: {None}, MISSING: {None, "http_404"}, KILLER: {"out_of_memory"}}


@dataclass
class Told:
    """A request that was accepted. `sums` is how far it was seen to be, `final` its end once it was seen.

    `made_at` tells a retry from the one that was deleted and had its id before.
    """

    request_id: str
    urls: Sequence[Sequence[str]]
    webhook: bool = False
    parent: Told | None = None
    made_at: datetime | None = None
    cancelled: bool = False
    delete_asked: bool = False
    deleted: bool = False
    status: Status = Status.PENDING
    sums: Progress | None = None
    final: Batch | None = None
    slots: list[SettledSlot] = field(default_factory=list)

    @property
    def webhook_id(self) -> str:
        return names.webhook_id(self.request_id, self.made_at)

    @property
    def kept(self) -> set[str]:
        """The URLs whose pictures its parents made."""
        if self.parent is None:
            return set()
        if self.parent.final is None or not self.parent.final.has_result:
            return self.parent.kept
        return {slot.outcome.url for slot in self.parent.slots if slot.outcome.succeeded}


def check(world: World, told: Told) -> None:
    """Look at a request as a client does: it is there, its status and counts do not go back, an end stays."""
    try:
        batch = world.database.batches.get(told.request_id, OWNERS)
    except NotFound:
        assert told.deleted or told.delete_asked, "an accepted request is gone"
        told.deleted = True
        return
    assert not told.deleted, "a deleted request is back"
    _counts_add_up(told, batch)
    assert RANKS[batch.status] >= RANKS[told.status], f"{told.status} became {batch.status}"
    assert (
        not told.cancelled
        or batch.status.is_final
        or batch.verdict.reason
        in (
            Reason.CANCELLING,
            Reason.PUBLISHING,
        )
    ), f"cancelled, and {batch.verdict.reason} is shown"
    told.status = batch.status
    if told.final is not None:
        assert batch == told.final, "a final status was left"
    elif batch.status.is_final:
        told.final = batch
        told.slots = world.database.listings.slots(told.request_id)
        _end_is_right(world, told, batch)
        results_open(world, told)


def _counts_add_up(told: Told, batch: Batch) -> None:
    counts, before = batch.progress.counts, told.sums.counts if told.sums else batch.progress.counts
    assert counts.total == sum(map(len, told.urls))
    assert counts.pending >= 0
    assert counts.succeeded >= before.succeeded or batch.status.is_final
    assert counts.done >= before.done, f"{before} became {counts}"
    told.sums = batch.progress


def _end_is_right(world: World, told: Told, batch: Batch) -> None:
    counts, codes = batch.progress.counts, [slot.outcome.code for slot in told.slots]
    assert counts.pending == 0
    assert batch.finished_at is not None
    reason = batch.verdict.reason
    late = batch.finished_at >= batch.created_at + timedelta(seconds=batch.spec.active_deadline_seconds)
    if not batch.has_result:
        lost = "store" in world.servers.away or world.operator.program.was_let_down
        assert lost, f"{reason} without results, and the store is there"
        return
    assert [slot.outcome.url for slot in told.slots] == [url for row in told.urls for url in row]
    assert (codes.count(None), len(codes) - codes.count(None)) == (counts.succeeded, counts.failed)
    assert ("cancelled" in codes) <= (reason is Reason.CANCELLED) <= told.cancelled
    assert ("deadline_exceeded" in codes) <= (reason is Reason.DEADLINE_EXCEEDED) <= late
    assert (reason is Reason.ALL_SUCCEEDED) == (counts.failed == 0 and batch.status is Status.COMPLETED)
    for slot in told.slots:
        _outcome_is_right(world, told, slot)


def _outcome_is_right(world: World, told: Told, slot: SettledSlot) -> None:
    code, url = slot.outcome.code, slot.outcome.url
    if url in told.kept:
        assert code is None, f"{url} had succeeded before this retry: {code}"
        return
    allowed = CODES[url.split("/")[3]] | {"cancelled", "deadline_exceeded"}
    deaths = max((n for (request_id, _), n in world.killed.items() if request_id == told.request_id), default=0)
    if deaths >= 2:
        allowed.add("out_of_memory")
    # A shard outlives two pictures that kill it; with faults from outside as well it may be tried too often.
    if told.request_id in world.jobs.given_up & world.troubled:
        allowed.add("shard_failed")
    assert code in allowed, f"{url} came to {code}"


def results_open(world: World, told: Told) -> None:
    """The output CSV has the rows as they came, with a link for every slot that succeeded, and every link opens."""
    assert told.final is not None
    if not told.final.has_result:
        return
    data = world.store.get(names.result_key(told.request_id, names.OUTPUT_CSV))
    _, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    assert [row[2].split(",") for row in rows] == [list(urls) for urls in told.urls]
    links = [link for row in rows for link in row[3].split(",")]
    assert links == [slot.output_url or "" for slot in told.slots]
    errors = world.store.get(names.result_key(told.request_id, names.ERRORS_CSV)).splitlines()[1:]
    assert len(errors) == told.final.progress.counts.failed
    for slot in told.slots:
        if slot.outcome.succeeded:
            owner = slot.outcome.request_id or told.request_id
            key = names.image_key(owner, str(slot.outcome.name))
            assert slot.output_url
            assert names.public_path(key) in slot.output_url
            assert world.store.get(key) == slot.outcome.url.encode(), key


def webhooks_are_right(world: World, all_told: Sequence[Told]) -> None:
    """Whatever the receiver got has one id and one body for each request, and says what its end was."""
    known = {told.webhook_id: told for told in all_told}
    bodies: dict[str, bytes] = {}
    for body, headers in world.receiver.got:
        told = known[headers["webhook-id"]]
        assert told.webhook
        assert bodies.setdefault(headers["webhook-id"], body) == body
        said = json.loads(body)
        if told.final is not None:
            assert (said["request_id"], said["status"]) == (told.request_id, told.final.status.value)
