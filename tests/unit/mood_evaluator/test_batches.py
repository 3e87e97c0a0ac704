"""Batchings: seeded, complete, even, with an abnormal voxel in each batch."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mood_evaluator import Batching, BatchingImpossible, InvalidTestSet, draw_batching

CASES = {f"case{index}": index % 3 == 0 for index in range(47)}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(2, 25), st.integers(0, 10**6))
def test_every_case_is_in_one_batch_and_batches_differ_by_one_at_most(n: int, size: int, seed: int) -> None:
    batching = draw_batching({str(index): True for index in range(n)}, size=size, seed=seed)
    sizes = [len(batch) for batch in batching.batches]
    assert sorted(batching.case_ids) == sorted(str(index) for index in range(n))
    assert len(sizes) == -(-n // size)
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= size


def test_the_order_is_that_of_the_stated_hash() -> None:
    batching = draw_batching(CASES, size=20, seed=9)
    key = {case: hashlib.sha256(f"9:{batching.draw}:{case}".encode()).hexdigest() for case in CASES}
    assert list(batching.case_ids) == sorted(CASES, key=key.__getitem__)


def test_every_batch_has_a_positive_and_the_first_such_draw_is_taken() -> None:
    rare = {f"case{index}": index < 3 for index in range(12)}
    batching = draw_batching(rare, size=4, seed=2)
    assert all(any(rare[case] for case in batch) for batch in batching.batches)
    assert batching.draw > 0  # seed 2 needs to draw again, so the rule is at work


def test_the_order_in_which_cases_are_listed_does_not_matter() -> None:
    backwards = dict(reversed(CASES.items()))
    assert draw_batching(backwards, size=20, seed=1) == draw_batching(CASES, size=20, seed=1)
    assert draw_batching(CASES, size=20, seed=2) != draw_batching(CASES, size=20, seed=1)


@pytest.mark.parametrize("cases", [{}, {"a": False}, {"a": True, "b": False, "c": False}])
def test_too_few_abnormal_cases_are_an_error(cases: dict[str, bool]) -> None:
    with pytest.raises(BatchingImpossible):
        draw_batching(cases, size=1, seed=0)


def test_json_comes_back_and_a_changed_batch_is_noticed() -> None:
    batching = draw_batching(CASES, size=20, seed="text")
    document = batching.to_json()
    assert Batching.from_json(document) == batching
    document["batches"][0].reverse()
    with pytest.raises(InvalidTestSet, match="digest"):
        Batching.from_json(document)


def test_a_case_leaves_its_batch_and_no_other_case_moves() -> None:
    rare = {f"case{index}": index < 6 for index in range(12)}
    batching = draw_batching(rare, size=4, seed=1)
    left = batching.without({"case11"}, has_positive=rare)
    expected = tuple(tuple(one for one in batch if one != "case11") for batch in batching.batches)
    assert left.batches == expected
    assert len(left.case_ids) == 11


def test_a_batch_that_would_have_no_abnormal_voxel_is_refused_by_number() -> None:
    rare = {f"case{index}": index < 3 for index in range(12)}
    batching = draw_batching(rare, size=4, seed=2)
    number = next(place for place, batch in enumerate(batching.batches, 1) if "case0" in batch)
    with pytest.raises(BatchingImpossible, match=f"Batch {number} .* no abnormal voxel"):
        batching.without({"case0"}, has_positive=rare)
