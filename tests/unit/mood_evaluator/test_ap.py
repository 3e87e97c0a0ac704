"""Average precision is the exact sum, rounded: beside fractions and scikit-learn, in memory and streamed."""

from fractions import Fraction
from math import ulp

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    StreamingAveragePrecision,
    UndefinedScore,
    average_precision,
    average_precision_from_histogram,
)

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


def _stream(scores: Scores, labels: Labels, *, parts: int = 3) -> float:
    streaming = StreamingAveragePrecision()
    chunks = list(zip(np.array_split(scores, parts), np.array_split(labels, parts), strict=True))
    for values, abnormal in chunks:
        streaming.add_positives(values[abnormal])
    for values, abnormal in chunks:
        streaming.add_negatives(values[~abnormal])
    return streaming.result()


def _slow_twin(scores: Scores, labels: Labels) -> float:
    """Formula 4.1 of the thesis, threshold by threshold."""
    total, last_recall = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        found = scores >= threshold
        recall = (found & labels).sum() / labels.sum()
        total += (recall - last_recall) * (found & labels).sum() / found.sum()
        last_recall = recall
    return float(total)


def _exact(scores: Scores, labels: Labels) -> Fraction:
    """The same in fractions, which never round."""
    levels = np.unique(scores)[::-1]
    true = [int((scores[labels] >= level).sum()) for level in levels]
    found = [int((scores >= level).sum()) for level in levels]
    gained = np.diff([0, *true]).tolist()
    terms = (Fraction(gain * hit, all_) for gain, hit, all_ in zip(gained, true, found, strict=True))
    return sum(terms, Fraction(0)) / true[-1]


@st.composite
def _pools(draw: st.DrawFn) -> tuple[Scores, Labels]:
    size = draw(st.integers(1, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = draw(st.sampled_from([1, 2, 5, 50, 10_000]))
    scores = (random.integers(0, levels, size) / levels).astype(np.float32)
    labels = random.random(size) < draw(st.sampled_from([0.02, 0.3, 0.9, 1.0]))
    labels[draw(st.integers(0, size - 1))] = True
    return scores, labels


@settings(max_examples=150, deadline=None)
@given(_pools())
def test_every_form_is_the_exact_fraction_within_two_ulp(pool: tuple[Scores, Labels]) -> None:
    scores, labels = pool
    exact, found = _exact(scores, labels), average_precision(scores, labels)
    assert _stream(scores, labels) == found
    assert abs(Fraction(found) - exact) <= 2 * Fraction(ulp(float(exact)))
    assert found == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    assert found == pytest.approx(_slow_twin(scores, labels), abs=1e-12)


@pytest.mark.parametrize("kind", ["spread", "near one", "float16 ties", "near zero"])
@pytest.mark.parametrize("size", [129, 70_000, 1_500_003])
def test_long_streams_equal_scikit_learn(kind: str, size: int) -> None:
    random = np.random.default_rng(size)
    scores = {
        "spread": random.random(size),
        "near one": 1 / (1 + np.exp(-random.normal(0, 4, size) - 6)),
        "float16 ties": random.random(size).astype(np.float16),
        "near zero": random.random(size) ** 9,
    }[kind].astype(np.float32)
    labels = random.random(size) < 0.005 + 0.02 * scores
    labels[0] = True
    expected = average_precision_score(labels, scores)
    assert _stream(scores, labels, parts=7) == average_precision(scores, labels)
    assert _stream(scores, labels) == pytest.approx(expected, abs=1e-12)


def test_double_precision_scores_are_told_apart_in_memory() -> None:
    scores = np.array([0.5, 0.5 + 1e-15, 0.5 - 1e-15])
    labels = np.array([False, True, False])
    assert average_precision(scores, labels) == average_precision_score(labels, scores) == 1.0


def test_the_order_of_voxels_does_not_matter() -> None:
    random = np.random.default_rng(3)
    scores, labels = random.random(5_000).astype(np.float32), random.random(5_000) < 0.1
    order = random.permutation(5_000)
    assert _stream(scores[order], labels[order]) == _stream(scores, labels)
    assert average_precision(scores[order], labels[order]) == average_precision(scores, labels)


def test_counts_of_the_real_challenge_and_beyond_do_not_overflow() -> None:
    """10^12 voxels: products of such counts have 80 bits."""
    random = np.random.default_rng(4)
    positives, negatives = (random.integers(0, 10**10, 200) for _ in range(2))
    true, found = np.cumsum(positives[::-1]).tolist(), np.cumsum((positives + negatives)[::-1]).tolist()
    terms = [Fraction(int(g) * t, f) for g, t, f in zip(positives[::-1], true, found, strict=True)]
    exact = sum(terms) / true[-1]
    assert abs(Fraction(average_precision_from_histogram(positives, negatives)) - exact) <= 2 * ulp(exact)


def test_constant_scores_give_the_prevalence() -> None:
    assert _stream(np.full(100, 0.25, np.float32), np.arange(100) < 7) == pytest.approx(0.07)


def test_both_ends_of_the_range_and_the_smallest_number_count() -> None:
    scores = np.array([0.0, 1e-45, 1.0, 0.0, 1e-45, 1.0], np.float32)
    labels = np.array([True, True, True, False, False, False])
    assert _stream(scores, labels) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


def test_no_positive_is_undefined_and_never_a_number() -> None:
    with pytest.raises(UndefinedScore):
        _stream(np.zeros(10, np.float32), np.zeros(10, np.bool_))
    with pytest.raises(UndefinedScore):
        average_precision(np.zeros(10), np.zeros(10, np.bool_))
    with pytest.raises(UndefinedScore):
        StreamingAveragePrecision().result()


def test_empty_bins_of_a_histogram_are_no_thresholds() -> None:
    dense = average_precision_from_histogram(np.array([1, 0, 2]), np.array([3, 1, 0]))
    sparse = average_precision_from_histogram(np.array([0, 1, 0, 0, 0, 2]), np.array([0, 3, 0, 1, 0, 0]))
    assert dense == sparse
