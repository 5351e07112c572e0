"""`decide` has an answer to everything, and leaves what has ended alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.batch import Batch, BatchSpec, Counts, Intent, Progress, Reason, Status, Verdict
from imagebatch.ports import JobSpec, JobView
from imagebatch_operator.lifecycle import (
    Abandon,
    CreateJob,
    DeleteJob,
    Observation,
    Settle,
    Shards,
    decide,
)

T0 = datetime(2026, 1, 2, tzinfo=UTC)
times = st.integers(0, 200_000).map(lambda seconds: T0 + timedelta(seconds=seconds))
intents = st.builds(Intent, suspend=st.booleans(), cancel=st.booleans(), parallelism=st.integers(1, 8))
verdicts = st.builds(Verdict, st.sampled_from(Status), st.sampled_from(Reason), st.just(""))
progress = st.integers(0, 9).map(lambda done: Progress(Counts(9, done)))
shards = st.builds(Shards, st.just(3), st.integers(0, 3), st.booleans(), progress)
accepted = st.sampled_from([T0, T0, T0, T0 - timedelta(days=1)])
job_specs = st.builds(JobSpec, st.just("r"), st.just(3), st.integers(1, 8), st.just(3), st.booleans(), accepted)
jobs = st.builds(JobView, job_specs, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
observations = st.builds(Observation, st.none() | jobs, st.none() | shards, st.none() | times)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    return Batch(
        request_id="r",
        owner="o",
        verdict=draw(verdicts),
        spec=BatchSpec(active_deadline_seconds=draw(st.integers(1, 100_000))),
        intent=Intent(),
        progress=draw(progress),
        has_result=False,
        source_sha256="",
        created_at=T0,
        updated_at=T0,
    )


@given(batches(), intents, observations, times)
def test_decide_for_anything_answers_and_answers_the_same_again(
    batch: Batch, intent: Intent, observation: Observation, now: datetime
) -> None:
    assert decide(batch, intent, observation, now) == decide(batch, intent, observation, now)


@given(batches(), intents, observations, times)
def test_decide_for_a_final_batch_at_most_deletes_its_job(
    batch: Batch, intent: Intent, observation: Observation, now: datetime
) -> None:
    final = replace(batch, verdict=Verdict(Status.FAILED, Reason.CANCELLED, ""))
    decision = decide(final, intent, observation, now)
    assert decision.action in (None, DeleteJob())
    assert decision.show is None


@given(batches(), intents, observations, times)
def test_decide_for_an_unfinished_batch_never_ends_it_beside_a_worker_before_the_deadline(
    batch: Batch, intent: Intent, observation: Observation, now: datetime
) -> None:
    in_time = now < batch.created_at + timedelta(seconds=batch.spec.active_deadline_seconds)
    decision = decide(batch, intent, observation, now)
    if in_time and observation.job is not None and observation.job.active:
        assert not isinstance(decision.action, Settle | Abandon)


@given(batches(), intents, observations, times)
def test_decide_for_a_stopped_batch_starts_nothing(
    batch: Batch, intent: Intent, observation: Observation, now: datetime
) -> None:
    decision = decide(batch, replace(intent, cancel=True), observation, now)
    assert not isinstance(decision.action, CreateJob)


@given(batches(), intents, observations)
def test_decide_long_after_the_deadline_always_ends_the_batch(
    batch: Batch, intent: Intent, observation: Observation
) -> None:
    batch = replace(batch, verdict=Verdict(Status.PROCESSING, Reason.RUNNING, ""))
    late = T0 + timedelta(days=30)
    assert isinstance(decide(batch, intent, observation, late).action, Settle | Abandon)
