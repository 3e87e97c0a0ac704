"""The public door takes what scikit-learn takes, gives the same numbers, and says the rest in a sentence."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mood_evaluator import (
    Curve,
    EvaluatorError,
    Evidence,
    InvalidInput,
    Quantizer,
    StreamingAveragePrecision,
    UndefinedScore,
    average_precision,
    average_precision_from_histogram,
    average_ranks,
    consensus,
    draw_batching,
    mean_ranks,
    pixel_replicates,
    rank,
    sample_replicates,
    score_sample_dataset,
    sum_evidence,
    whole_set_replicates,
)
from mood_evaluator.arrays import checked_shape
from mood_evaluator.tables import Method, ScoreTable, bootstrap_table, rank_table, read_score_tables

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random(200).astype(np.float32)
LABELS = RANDOM.random(200) < 0.2
EVIDENCE = {"a": Evidence.of(SCORES, LABELS), "b": Evidence.of(SCORES, None)}
NUMBERS = [np.float16, ">f4", ">f8", np.uint8, np.int64, np.longdouble, object]
TABLE = ScoreTable("t", ["A"], ["x"], [[0.5]])
BATCHING = draw_batching({"a": True, "b": False}, size=2, seed=0)


def stream(scores: Any, labels: Any) -> float:
    values, abnormal = np.asarray(scores), np.asarray(labels).astype(bool)
    pool = StreamingAveragePrecision()
    pool.add_positives(values[abnormal])
    pool.add_negatives(values[~abnormal])
    return pool.result()


@pytest.mark.parametrize(
    "kind",
    [np.asarray, list, pd.Series, np.uint8, np.int64, np.float64, lambda x: pd.Series(x, dtype="boolean"),
     lambda x: x.astype(object), lambda x: x.reshape(20, 10).tolist()],
)  # fmt: skip
def test_masks_of_any_kind_are_booleans_or_0_and_1(kind: Callable[[Any], Any]) -> None:
    scores = SCORES.reshape(20, 10) if np.ndim(kind(LABELS)) == 2 else SCORES
    expected = average_precision_score(LABELS, SCORES)
    assert average_precision(scores, kind(LABELS)) == pytest.approx(expected, abs=1e-12)
    assert Curve.of(scores, kind(LABELS)).auroc() == pytest.approx(roc_auc_score(LABELS, SCORES), abs=1e-12)
    same = Evidence.of(scores, kind(LABELS))
    assert (same.positives, same.ap(Quantizer.TWO_SIDED)) == (
        int(LABELS.sum()),
        EVIDENCE["a"].ap(Quantizer.TWO_SIDED),
    )


@pytest.mark.parametrize(
    "kind",
    [list, pd.Series, np.float16, np.float64, np.longdouble, lambda x: x.astype(">f4"), lambda x: x > 0.5,
     lambda x: (x * 9).astype(np.uint8), lambda x: (x * 9).astype(np.int64) - 4, np.log,
     lambda x: pd.Series(x, dtype="Float64"), lambda x: np.where(x < 0.5, -0.0, 0.0)],
)  # fmt: skip
def test_scores_are_any_finite_numbers_and_equal_scikit_learn(kind: Callable[[Any], Any]) -> None:
    scores = kind(SCORES)
    expected = average_precision_score(LABELS, np.asarray(scores, np.float64))
    assert average_precision(scores, LABELS) == pytest.approx(expected, abs=1e-12)
    assert Curve.of(scores, LABELS).ap() == pytest.approx(expected, abs=1e-12)
    if 0 <= np.min(scores) <= np.max(scores) <= 1 and np.asarray(scores).dtype.itemsize <= 4:
        assert stream(scores, LABELS) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", NUMBERS)
def test_evidence_takes_every_type_of_number(kind: Any) -> None:
    raw, labels = np.array([0, 1, 3, 0.5, 1]).astype(kind), [0, 1, 1, 0, 0]
    plain = Evidence.of(raw.astype(np.float64), labels)
    assert Evidence.of(raw, labels).ap(Quantizer.TWO_SIDED) == plain.ap(Quantizer.TWO_SIDED)


def test_logits_and_nan_are_cleaned_and_counted_where_raw_scores_are_taken() -> None:
    evidence = Evidence.of([-3.0, np.nan, np.inf, 0.5], [False, False, True, True])
    assert (evidence.clamped, evidence.nan, evidence.posinf) == (2, 1, 1)


def test_counts_of_a_histogram_are_lists_or_integers() -> None:
    assert average_precision_from_histogram([0, 1], np.array([1, 0], np.uint8)) == 1.0
    with pytest.raises(UndefinedScore):
        average_precision_from_histogram([], [])


def test_no_positive_has_no_average_precision() -> None:
    for score in (average_precision, stream, lambda s, y: Curve.of(s, y).auroc()):
        with pytest.raises(UndefinedScore):
            score(SCORES, np.zeros(200, bool))


def test_positives_after_negatives_are_refused_and_never_dropped() -> None:
    pool = StreamingAveragePrecision()
    pool.add_positives(SCORES[LABELS][:5])
    pool.add_negatives(SCORES[~LABELS])
    with pytest.raises(InvalidInput, match="add all positives first"):
        pool.add_positives(SCORES[LABELS][5:])


ODD = {
    "labels of 1 and -1": lambda: average_precision(SCORES, np.where(LABELS, 1, -1)),
    "labels of 0 and 255": lambda: Evidence.of(SCORES, LABELS.astype(np.uint8) * 255),
    "labels of NaN": lambda: Curve.of(SCORES, np.where(LABELS, 1, np.nan)),
    "labels as text": lambda: average_precision(SCORES, LABELS.astype(str)),
    "labels missing": lambda: average_precision(SCORES, None),
    "labels partly missing": lambda: average_precision([0.1, 0.2], pd.Series([True, None], dtype="boolean")),
    "the order of scikit-learn": lambda: average_precision(LABELS, SCORES),
    "scores of NaN": lambda: average_precision(np.where(SCORES < 0.1, np.nan, SCORES), LABELS),
    "infinite scores": lambda: Curve.of(np.where(SCORES < 0.1, -np.inf, SCORES), LABELS),
    "complex scores": lambda: average_precision(SCORES + 1j, LABELS),
    "scores as text": lambda: Evidence.of(["0.1", "0.2"], [0, 1]),
    "dates": lambda: average_precision(pd.to_datetime(["2020-01-01", "2020-01-02"]), [0, 1]),
    "masked scores": lambda: average_precision(np.ma.masked_less(SCORES, 0.1), LABELS),
    "ragged scores": lambda: average_precision([[0.1], [0.2, 0.3]], [0, 1]),
    "other shapes": lambda: average_precision(SCORES, LABELS[:100]),
    "Series in another order": lambda: average_precision(pd.Series(SCORES), pd.Series(LABELS)[::-1]),
    "Evidence of Series in another order": lambda: Evidence.of(pd.Series(SCORES), pd.Series(LABELS)[::-1]),
    "transposed": lambda: Evidence.of(SCORES.reshape(20, 10), LABELS.reshape(10, 20)),
    "a single score": lambda: average_precision(0.5, True),
    "nothing": lambda: average_precision([], []),
    "Evidence of nothing": lambda: Evidence.of(SCORES[:0], None),
    "a curve of nothing": lambda: Curve.of([], []),
    "a sum of nothing": lambda: sum_evidence([]),
    "a sum of other things": lambda: sum_evidence([1]),
    "streamed logits": lambda: stream(np.log(SCORES), LABELS),
    "streamed percentages": lambda: stream(SCORES * 100, LABELS),
    "streamed NaN": lambda: stream(SCORES * np.nan, LABELS),
    "counts with fractions": lambda: average_precision_from_histogram([0.5, 1], [1, 0]),
    "negative counts": lambda: average_precision_from_histogram([-1, 1], [1, 0]),
    "unequal counts": lambda: average_precision_from_histogram([1], [1, 0]),
    "ranks of a list": lambda: rank([0.1, 0.2]),
    "ranks of text": lambda: rank({"A": "0.5"}),
    "ranks of truth": lambda: rank({"A": True}),
    "a team twice": lambda: rank(pd.Series([0.1, 0.2], index=["A", "A"])),
    "no Dataset": lambda: consensus([]),
    "other teams": lambda: mean_ranks([{"A": 1.0}, {"B": 1.0}]),
    "consensus of a number": lambda: consensus(0.5),
    "consensus of one mapping": lambda: consensus({"A": 0.1, "B": 0.2}),
    "no draws": lambda: sample_replicates({"a": 0.1}, {"a": True}, n=0, seed=0, stream="s"),
    "a negative seed": lambda: whole_set_replicates(EVIDENCE, n=1, seed=-1, stream="s"),
    "a score short": lambda: sample_replicates({"a": 0.1}, {"a": 1, "b": 0}, n=1, seed=0, stream="s"),
    "truth of 2": lambda: score_sample_dataset({"a": 0.1, "b": 0.2}, {"a": 2, "b": 0}),
    "a score of NaN": lambda: score_sample_dataset({"a": np.nan, "b": 0.2}, {"a": 1, "b": 0}),
    "Evidence short": lambda: pixel_replicates({"a": EVIDENCE["a"]}, BATCHING, n=1, seed=0, stream="s"),
    "truth as text": lambda: draw_batching({"a": "yes"}, size=1, seed=0),
    "half a batch": lambda: draw_batching({"a": True}, size=0.5, seed=0),
    "a frame for a table": lambda: rank_table(pd.DataFrame({"A": [0.5]})),
    "stability of a list": lambda: bootstrap_table([0.5], n=1, seed=0),
    "a number for a source": lambda: read_score_tables(3),
    "a scheme that there is not": lambda: Method(scheme="best-first"),
    "a missing value of NaN": lambda: Method(missing=np.nan),
    "the name of a scheme for a method": lambda: rank_table(TABLE, "mean-then-rank"),
    "a flat shape": lambda: checked_shape((4, 4)),
    "an empty shape": lambda: checked_shape((4, 4, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_anything_else_is_one_sentence_with_a_remedy(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"\w.*\. \w.*\.$|; give None") as caught:
        ODD[name]()
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, EvaluatorError)
    assert "\n" not in str(caught.value)


def test_a_series_is_paired_by_position_with_whatever_has_no_index() -> None:
    scores, order = pd.Series(SCORES).sample(frac=1, random_state=0), pd.Series(LABELS)
    assert average_precision(scores, order[scores.index]) == average_precision(SCORES, LABELS)
    assert average_precision(scores, LABELS) == average_precision(scores.to_numpy(), LABELS)


def test_ranks_and_consensus_take_series_and_frames() -> None:
    frame = pd.DataFrame({"brain": [0.9, 0.7, np.nan], "abdom": [0.5, 0.6, 0.6]}, index=["A", "B", "C"])
    plain = [{"A": 0.9, "B": 0.7, "C": None}, {"A": 0.5, "B": 0.6, "C": 0.6}]
    assert rank(frame["brain"]) == rank(plain[0]) == {"A": 1, "B": 2, "C": 3}
    assert consensus(frame) == consensus(plain) == consensus({"brain": plain[0], "abdom": plain[1]})
    assert average_ranks(frame["abdom"].astype("Float64")) == average_ranks(plain[1])
    assert rank({"A": pd.NA, "B": Fraction(1, 3)}) == {"A": 2, "B": 1}


def test_replicates_take_series_and_0_and_1() -> None:
    scores, truth = pd.Series({"a": 0.1, "b": 0.8, "c": 0.3}), pd.Series({"a": 0, "b": 1, "c": 1})
    found = sample_replicates(scores, truth, n=5, seed=1, stream="s").draws
    plain = sample_replicates(scores.to_dict(), {"a": False, "b": True, "c": True}, n=5, seed=1, stream="s")
    assert np.array_equal(found, plain.draws)
    assert draw_batching(truth, size=2, seed=3) == draw_batching(truth.astype(bool).to_dict(), size=2, seed=3)
