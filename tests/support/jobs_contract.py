"""One suite for every `Jobs`: child processes, and pods of a cluster that is played or real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest

from imagebatch.model.errors import Unavailable
from imagebatch.ports import Jobs, JobSpec, JobView
from support.sample_batches import NOON
from support.shard_programs import HOLD
from support.waiting import eventually


class JobsDesk(Protocol):
    """Jobs whose shards end with codes of the test's choice. `seconds` is how long anything may take."""

    seconds: float

    def running(self, codes: Sequence[int]) -> AbstractContextManager[Jobs]:
        """Jobs whose shards end with these codes by index."""

    def spec(self, shards: int) -> JobSpec:
        """A Job of a request of its own: two shards at once, none tried again."""


class JobsContract:
    """Subclasses have a fixture `desk`."""

    @pytest.fixture
    def watched(self, desk: JobsDesk) -> Iterator[Watched]:
        watched = Watched(desk)
        yield watched
        watched.close()

    def test_view_where_there_is_no_job_is_none(self, watched: Watched) -> None:
        jobs = watched.start([0])
        jobs.adjust(watched.request_id, suspended=True, parallelism=1)
        jobs.delete(watched.request_id)
        assert watched.view() is None

    def test_shards_that_all_end_well_finish_the_job(self, watched: Watched) -> None:
        watched.start([0, 0, 0])
        watched.create()
        view = watched.until(lambda view: view.finished)
        assert (view.active, view.succeeded, view.failed) == (0, 3, 0)

    def test_shards_that_end_badly_are_failed_and_stop_no_other(self, watched: Watched) -> None:
        watched.start([0, 42, 0, 1, 42])
        watched.create()
        view = watched.until(lambda view: view.finished)
        assert (view.active, view.succeeded, view.failed) == (0, 2, 3)

    def test_create_of_a_job_that_is_there_does_nothing(self, watched: Watched) -> None:
        watched.start([HOLD, HOLD, HOLD])
        watched.create()
        watched.create(parallelism=3)
        view = watched.until(lambda view: view.active == 2)
        assert view.spec.parallelism == 2
        assert (view.spec.shards, view.spec.retries_per_shard, view.spec.accepted_at) == (3, 0, NOON)

    def test_job_that_rests_stops_its_shards_and_goes_on_without_a_retry(self, watched: Watched) -> None:
        jobs = watched.start([HOLD, HOLD, HOLD])
        watched.create()
        watched.until(lambda view: view.active == 2)
        jobs.adjust(watched.request_id, suspended=True, parallelism=2)
        resting = watched.until(lambda view: not view.active)
        assert resting.spec.suspended
        assert (resting.finished, resting.failed) == (False, 0)
        jobs.adjust(watched.request_id, suspended=False, parallelism=2)
        again = watched.until(lambda view: view.active == 2)
        assert (again.spec.suspended, again.failed) == (False, 0)

    def test_job_that_is_made_to_rest_starts_nothing_until_it_may(self, watched: Watched) -> None:
        jobs = watched.start([0, 0])
        watched.create(suspended=True)
        resting = watched.until(lambda view: not view.active)
        assert (resting.succeeded, resting.finished, resting.spec.suspended) == (0, False, True)
        jobs.adjust(watched.request_id, suspended=False, parallelism=2)
        assert watched.until(lambda view: view.finished).succeeded == 2

    def test_job_that_is_resized_stops_the_surplus_and_starts_more(self, watched: Watched) -> None:
        jobs = watched.start([HOLD, HOLD, HOLD])
        watched.create()
        watched.until(lambda view: view.active == 2)
        jobs.adjust(watched.request_id, suspended=False, parallelism=1)
        assert watched.until(lambda view: view.active == 1).failed == 0
        jobs.adjust(watched.request_id, suspended=False, parallelism=3)
        assert watched.until(lambda view: view.active == 3).spec.parallelism == 3

    def test_job_that_is_deleted_is_there_until_its_shards_have_ended(self, watched: Watched) -> None:
        jobs = watched.start([HOLD, HOLD])
        watched.create()
        watched.until(lambda view: view.active == 2)
        jobs.delete(watched.request_id)
        last = watched.view()
        assert last is None or (last.active > 0 and last.spec.accepted_at == NOON)
        eventually(lambda: watched.view() is None, watched.seconds, "the end of the shards")
        later = NOON + timedelta(days=1)
        eventually(lambda: watched.made_anew(later), watched.seconds, "a new Job of the name")


class Watched:
    """One Job on a desk."""

    def __init__(self, desk: JobsDesk) -> None:
        self._desk = desk
        self._spec = desk.spec(1)
        self.seconds = desk.seconds
        self.request_id = self._spec.request_id

    def start(self, codes: Sequence[int]) -> Jobs:
        self._spec = replace(self._spec, shards=len(codes))
        self._running = self._desk.running(codes)
        self.jobs = self._running.__enter__()
        return self.jobs

    def create(self, **parts: Any) -> None:
        self.jobs.create(replace(self._spec, **parts))

    def view(self) -> JobView | None:
        return self.jobs.view(self.request_id)

    def until(self, holds: Callable[[JobView], bool]) -> JobView:
        """Wait until something holds for the Job as it stands, and return that."""

        def look() -> JobView | None:
            view = self.view()
            return view if view is not None and holds(view) else None

        found = eventually(look, self.seconds, f"a change of {self.view()}")
        assert found is not None
        return found

    def made_anew(self, accepted_at: datetime) -> bool:
        """Create the Job for another batch of the id; True once it is that one's."""
        try:
            self.create(accepted_at=accepted_at)
        except Unavailable:
            return False
        view = self.view()
        return view is not None and view.spec.accepted_at == accepted_at

    def close(self) -> None:
        self.jobs.delete(self.request_id)
        self._running.__exit__(None, None, None)
