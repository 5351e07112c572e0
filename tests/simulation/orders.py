"""What clients upload and what befalls programs, as hypothesis makes it up."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from imagebatch.model.batch import BatchSpec
from simulation.lines import Fault, Kind
from simulation.sources import GOOD, KILLER, MISSING

URLS = st.sampled_from([f"http://web/{GOOD}/{n}" for n in range(4)] + [f"http://web/{MISSING}/{n}" for n in range(4)])
ROWS = st.lists(st.lists(URLS, min_size=1, max_size=3), min_size=1, max_size=3)
KILLERS = st.lists(st.sampled_from([f"http://web/{KILLER}/{n}" for n in range(2)]), max_size=2, unique=True)


@dataclass(frozen=True)
class Order:
    """What a client uploads. Pictures that kill come in a row of their own."""

    rows: list[list[str]]
    killers: list[str]
    images_per_shard: int
    webhook: bool
    key: str | None

    @property
    def urls(self) -> list[list[str]]:
        return [*self.rows, self.killers] if self.killers else self.rows

    @property
    def spec(self) -> BatchSpec:
        url = "https://hook.example/in" if self.webhook else None
        return BatchSpec(images_per_shard=self.images_per_shard, webhook_url=url)


KEYS = st.none() | st.sampled_from("ab")
ORDERS = st.builds(Order, ROWS, KILLERS, st.integers(1, 4), st.booleans(), KEYS)
CALLS = st.integers(0, 5) | st.integers(0, 15)
EVENTS = st.sampled_from(["cancel", "delete", "retry", "sweep", "work", "work and sweep", "keep house"])
FAULTS = st.one_of(
    st.none(),
    st.builds(Fault, st.sampled_from([Kind.KILL, Kind.DOWN, Kind.LOST]), CALLS),
    st.builds(Fault, st.just(Kind.MEANWHILE), CALLS, EVENTS),
)
WHICH = st.integers(0, 9)
