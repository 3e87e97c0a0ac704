"""Average precision equals scikit-learn's to the last bit: in memory, from histograms, and streamed."""

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
def test_every_form_is_bit_identical_to_scikit_learn(pool: tuple[Scores, Labels]) -> None:
    scores, labels = pool
    expected = average_precision_score(labels, scores)
    assert average_precision(scores, labels) == expected
    assert _stream(scores, labels) == expected
    assert _slow_twin(scores, labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["spread", "near one", "float16 ties", "near zero"])
@pytest.mark.parametrize("size", [129, 70_000, 1_500_003])
def test_long_streams_keep_the_last_bit(kind: str, size: int) -> None:
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
    assert _stream(scores, labels, parts=7) == expected
    assert average_precision(scores, labels) == expected


def test_double_precision_scores_are_told_apart_in_memory() -> None:
    scores = np.array([0.5, 0.5 + 1e-15, 0.5 - 1e-15])
    labels = np.array([False, True, False])
    assert average_precision(scores, labels) == average_precision_score(labels, scores) == 1.0


def test_the_order_of_voxels_does_not_matter() -> None:
    random = np.random.default_rng(3)
    scores, labels = random.random(5_000).astype(np.float32), random.random(5_000) < 0.1
    order = random.permutation(5_000)
    assert _stream(scores[order], labels[order]) == _stream(scores, labels)


def test_constant_scores_give_the_prevalence() -> None:
    assert _stream(np.full(100, 0.25, np.float32), np.arange(100) < 7) == pytest.approx(0.07)


def test_both_ends_of_the_range_and_the_smallest_number_count() -> None:
    scores = np.array([0.0, 1e-45, 1.0, 0.0, 1e-45, 1.0], np.float32)
    labels = np.array([True, True, True, False, False, False])
    assert _stream(scores, labels) == average_precision_score(labels, scores)


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
