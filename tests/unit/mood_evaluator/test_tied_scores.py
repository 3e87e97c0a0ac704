"""Scores that became equal are told from the prediction alone, and not where nothing was lost."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mood_evaluator.evidence import Evidence
from mood_evaluator.tied_scores import FEW, DistinctScores

RANDOM = np.random.default_rng(5)
BLOB = np.zeros(50_000)
BLOB[:200] = RANDOM.random(200)


def _counted(scores: npt.NDArray[Any], *, chunk: int = 10_000) -> DistinctScores:
    distinct = DistinctScores()
    for start in range(0, scores.size, chunk):
        distinct.add(scores[start : start + chunk])
    return distinct


def _few(scores: npt.NDArray[Any]) -> bool:
    return _counted(scores).are_few(Evidence.of(scores, None))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=600), st.integers(1, 300))
def test_the_count_is_exact_as_far_as_it_matters(levels: list[int], chunk: int) -> None:
    scores = np.array(levels, np.float32) / 400
    found, truth = _counted(scores, chunk=chunk).count, len(set(levels))
    assert found == truth if truth <= FEW else FEW < found <= truth


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_threshold_or_rounding_leaves_few_scores(kind: type) -> None:
    scores = RANDOM.random(50_000).astype(kind)
    assert _few((scores > 0.9).astype(kind))
    assert _few(np.round(scores, 2))
    assert not _few(np.round(scores, 3))
    assert not _few(scores)


@pytest.mark.parametrize(
    "scores",
    [np.zeros(50_000), BLOB, 0.5 + 1e-5 * RANDOM.random(50_000), (RANDOM.random(4_000) > 0.5).astype(float)],
    ids=["one score", "little beside the background", "close together", "a small volume"],
)
def test_no_map_is_accused_where_ties_cost_nothing_or_were_never_made(scores: npt.NDArray[Any]) -> None:
    assert not _few(scores)


def test_distinct_scores_are_counted_until_they_are_many() -> None:
    many = np.linspace(0, 1, 64 * 300, dtype=np.float32)
    distinct = DistinctScores()
    for _ in range(2):  # nothing is looked at any more the second time
        distinct.add(many)
        assert FEW < distinct.count <= 300
