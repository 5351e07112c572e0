"""What a shard's parts tell of its earlier attempts."""

from __future__ import annotations

from imagebatch.model.attempts import culprit, history
from imagebatch.model.results import Outcome, Part


def outcome(index: int, code: str | None = None) -> Outcome:
    return Outcome(index=index, url=f"https://shop.example/{index}", slots=1, code=code)


def test_history_of_no_part_is_a_first_attempt():
    found = history([])
    assert (found.attempts, found.died, found.done, found.suspects) == (0, False, {}, {})


def test_history_when_every_attempt_was_stopped_has_no_death_and_no_suspect():
    found = history([Part("a", (), started=(1,)), Part("a", (), stopped=True), Part("b", (), stopped=True)])
    assert (found.attempts, found.died, found.suspects) == (2, False, {})


def test_history_when_an_attempt_died_then_and_for_good():
    assert history([Part("a", ()), Part("b", (), stopped=True)]).died


def test_history_keeps_the_first_end_of_an_image():
    found = history([Part("a", (outcome(1, "timeout"),)), Part("b", (outcome(1), outcome(2)))])
    assert found.done == {1: outcome(1, "timeout"), 2: outcome(2)}


def test_history_suspects_only_what_was_begun_and_not_finished_in_attempts_that_died():
    found = history(
        [
            Part("a", (), started=(1,)),
            Part("a", (outcome(1),), started=(2,)),
            Part("b", (), started=(3,)),
            Part("b", (), stopped=True),
            Part("c", (), started=(4,)),
            Part("d", (outcome(4),), started=(2,)),
        ]
    )
    assert found.suspects == {2: 2}


def test_is_culprit_when_two_careful_attempts_died_over_it():
    once, twice = Part("a", (), started=(1,)), Part("b", (), started=(1,))
    assert not history([once]).is_culprit(1)
    assert history([once, twice]).is_culprit(1)
    assert not history([once, twice]).is_culprit(2)


def test_is_culprit_when_one_attempt_began_it_twice_is_false():
    assert not history([Part("a", (), started=(1,)), Part("a", (), started=(1,))]).is_culprit(1)


def test_culprit_is_a_failed_image_with_all_its_slots():
    found = culprit(7, "https://shop.example/7", slots=3, starts=2)
    assert (found.index, found.slots, found.attempts, found.code) == (7, 3, 2, "out_of_memory")
