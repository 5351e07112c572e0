"""500 images over ten shards, four at once: every image accounted for, and live counts that never go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.ten_shards import AT_ONCE, IMAGES, PER_SHARD, ten_shards

if TYPE_CHECKING:
    from support.installation import Installation
    from support.invariants import Site

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images


def test_batch_of_ten_shards_when_four_run_at_once_accounts_for_every_image(
    installation: Installation, site: Site
) -> None:
    with ten_shards(installation, site, held=False) as shards:
        shards.follow(lambda batch: batch.done > 0)
        assert 0 < len(shards.pods()) <= AT_ONCE
        shards.check()

    done = {look["counts"]["total"] - look["counts"]["pending"] for look in shards.watch.looks}
    assert len(done - {0, IMAGES}) > 1, "the resource told of the progress"
    last = shards.watch.seen[-1]
    assert last["progress"] == f"{IMAGES}/{IMAGES}"
    assert last["shards"] == {"total": IMAGES // PER_SHARD, "succeeded": IMAGES // PER_SHARD, "failed": 0}
