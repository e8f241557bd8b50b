"""How what is due is shared out between workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.workers import MOST_SHARDS, SHARD, SMALLEST, shard_of, shards_needed


@given(st.integers(0, 10**6), st.integers(0, 200))
def test_a_job_takes_some_tens_to_hundreds_of_feeds_and_the_jobs_reach_for_all_that_is_due(
    due: int, workers: int
) -> None:
    shard = shard_of(due, workers)
    assert SMALLEST <= shard <= SHARD
    assert shards_needed(due, shard) * shard >= min(due, MOST_SHARDS * shard)


def test_four_workers_have_equal_parts_and_one_takes_whole_shards() -> None:
    assert (shard_of(2400, 1), shards_needed(2400, 300)) == (300, 8)
    assert (shard_of(2400, 4), shards_needed(2400, 300)) == (300, 8)
    assert (shard_of(1000, 4), shards_needed(1000, 125)) == (125, 8)
    assert shard_of(60, 4) == SMALLEST
