"""What the store tells of a running batch, each object read once. Called by reconcile, which keeps one per batch.

A shard's results file is the truth about it; until it exists, its parts are counted, each image once. What a retry
keeps of its parents counts from the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.batch import Bytes, Counts, Progress
from imagebatch.model.errors import NotFound, Unavailable
from imagebatch.model.plan import Plan
from imagebatch.model.results import Tally, part_from_bytes, results_from_bytes
from imagebatch.reused import begun
from imagebatch_operator.lifecycle import Shards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagebatch.ports import BlobStore


class PartTally:
    """The running sum over one shard: over its parts, then over its results file once that exists."""

    def __init__(self) -> None:
        self.sums = Tally()
        self.complete = False
        self._read: set[str] = set()
        self._counted: set[int] = set()

    def read_results(self, store: BlobStore, key: str) -> None:
        """Let the results file take the place of the parts; after that the shard is done with."""
        if self.complete:
            return
        sums = Tally()
        for outcome in results_from_bytes(store.get(key)):
            sums.add(outcome)
        self.sums, self.complete = sums, True
        self._read.clear()
        self._counted.clear()

    def read_part(self, store: BlobStore, key: str) -> None:
        """Add a part, unless it was read before or the results file is known. A part never changes."""
        if self.complete or key in self._read:
            return
        for outcome in part_from_bytes(store.get(key)).outcomes:
            if outcome.index not in self._counted:
                self._counted.add(outcome.index)
                self.sums.add(outcome)
        self._read.add(key)


class BatchProgress:
    """One batch's shards as the store shows them."""

    def __init__(self, store: BlobStore, request_id: str) -> None:
        self._store = store
        self._request_id = request_id
        self._plan: Plan | None = None
        self._shards: dict[int, PartTally] = {}

    def look(self) -> Shards:
        """Return how far the shards are. Raises Unavailable, also for objects that are gone or unreadable."""
        try:
            return self._look()
        except (NotFound, ValueError, KeyError, TypeError) as error:
            raise unreadable(self._request_id, error) from error

    def _look(self) -> Shards:
        if self._plan is None:
            self._plan = Plan.from_json(self._store.get(names.plan_key(self._request_id)))
        listed = shard_objects(self._store, self._request_id)
        for shard, key in listed.results.items():
            self._tally(shard).read_results(self._store, key)
        for shard, keys in listed.parts.items():
            for key in keys:
                self._tally(shard).read_part(self._store, key)
        complete = sum(shard.index in listed.results for shard in self._plan.shards)
        return Shards(len(self._plan.shards), complete, bool(self._shards), self._sum(self._plan))

    def _tally(self, shard: int) -> PartTally:
        return self._shards.setdefault(shard, PartTally())

    def _sum(self, plan: Plan) -> Progress:
        tallies = [shard.sums for shard in self._shards.values()]
        base = begun(plan)
        succeeded = base.counts.succeeded + sum(t.succeeded for t in tallies)
        bytes_in = base.bytes.input + sum(t.bytes_in for t in tallies)
        bytes_out = base.bytes.output + sum(t.bytes_out for t in tallies)
        counts = Counts(plan.slots, succeeded, failed=sum(t.failed for t in tallies))
        return Progress(counts, Bytes(bytes_in, bytes_out))


class ShardObjects:
    """A listing of what shards wrote: `results` by shard, `parts` by shard in order of key."""

    def __init__(self, prefix: str, keys: Iterable[str]) -> None:
        self.results: dict[int, str] = {}
        self.parts: dict[int, list[str]] = {}
        for key in keys:
            shard, _, part = key.removeprefix(prefix).removesuffix(".jsonl").partition("/")
            if not shard.isdecimal():
                continue
            if part:
                self.parts.setdefault(int(shard), []).append(key)
            else:
                self.results[int(shard)] = key


def shard_objects(store: BlobStore, request_id: str) -> ShardObjects:
    """List the parts and results files of a batch."""
    prefix = names.shards_prefix(request_id)
    return ShardObjects(prefix, (blob.key for blob in store.list(prefix)))


def unreadable(request_id: str, error: Exception) -> Unavailable:
    """Return what a missing or broken object of ours means: the store does not give back what it was given."""
    message = f"the objects of {request_id} cannot be read: {type(error).__name__}: {error}"
    return Unavailable(message, dependency="store")
