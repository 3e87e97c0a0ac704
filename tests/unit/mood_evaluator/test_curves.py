"""AUROC, FPR at a TPR and the best Dice equal scikit-learn's, and brute force, ties and all."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from mood_evaluator import Curve, Evidence, InvalidInput, Quantizer, UndefinedScore

LEVELS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
SCORED = st.lists(st.tuples(LEVELS, st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: {label for _, label in rows} == {True, False}
)


def arrays(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([score for score, _ in rows]), np.array([label for _, label in rows])


@given(SCORED)
@settings(max_examples=200, deadline=None)
def test_the_numbers_are_those_of_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    scores, labels = arrays(rows)
    curve = Curve.of(scores, labels)
    assert curve.ap() == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    assert curve.auroc() == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert curve.fpr_at_tpr(0.95) == fpr[np.flatnonzero(tpr >= 0.95)[0]]
    np.testing.assert_allclose(curve.roc(), (fpr, tpr))
    precision, recall, _ = precision_recall_curve(labels, scores)
    np.testing.assert_allclose(curve.precision_recall(), (precision[::-1], recall[::-1]))


def dice(predicted: np.ndarray, labels: np.ndarray) -> float:
    return float(2 * (predicted & labels).sum() / (predicted.sum() + labels.sum()))


@given(SCORED)
@settings(max_examples=200, deadline=None)
def test_the_best_dice_is_the_best_of_all_thresholds_and_the_highest_of_several(
    rows: list[tuple[float, bool]],
) -> None:
    scores, labels = arrays(rows)
    by_threshold = {level: dice(scores >= level, labels) for level in np.unique(scores)}
    best = Curve.of(scores, labels).best_dsc()
    assert best.dsc == max(by_threshold.values())
    assert best.threshold == max(level for level, value in by_threshold.items() if value == best.dsc)


@given(SCORED, LEVELS)
@settings(max_examples=200, deadline=None)
def test_dice_at_a_threshold_counts_scores_at_or_above_it(
    rows: list[tuple[float, bool]], threshold: float
) -> None:
    scores, labels = arrays(rows)
    assert Curve.of(scores, labels).dsc_at(threshold) == dice(scores >= threshold, labels)


def test_a_constant_score_finds_all_or_nothing() -> None:
    curve = Curve.of(np.full(6, 0.5), np.arange(6) < 2)
    assert (curve.auroc(), curve.fpr_at_tpr(), curve.ap()) == (0.5, 1.0, 2 / 6)
    assert curve.dsc_at(0.6) == 0.0


def test_without_one_of_the_classes_nothing_is_made_up() -> None:
    scores = np.array([0.1, 0.2])
    all_normal, all_abnormal = (Curve.of(scores, np.full(2, value)) for value in (False, True))
    for undefined in (all_normal.ap, all_normal.best_dsc, all_normal.auroc, all_abnormal.auroc):
        with pytest.raises(UndefinedScore):
            undefined()
    with pytest.raises(UndefinedScore, match="No negative"):
        all_abnormal.roc()
    assert all_abnormal.best_dsc().dsc == 1.0


@pytest.mark.parametrize("quantizer", Quantizer)
def test_evidence_gives_the_numbers_of_the_quantized_voxels(quantizer: Quantizer) -> None:
    random = np.random.default_rng(3)
    scores, labels = random.random(5_000).astype(np.float32), random.random(5_000) < 0.1
    halves = [Evidence.of(scores[part], labels[part]) for part in (slice(0, 2_000), slice(2_000, None))]
    pooled = Curve.of_evidence(halves[0] + halves[1], quantizer)
    codes = quantizer.quantize(scores)
    twin = Curve.of(codes.astype(float), labels)
    assert (pooled.auroc(), pooled.fpr_at_tpr(), pooled.best_dsc().dsc) == (
        twin.auroc(), twin.fpr_at_tpr(), twin.best_dsc().dsc,
    )  # fmt: skip
    threshold = pooled.best_dsc().threshold
    assert pooled.dsc_at(threshold) == dice(codes >= twin.best_dsc().threshold, labels)


@pytest.mark.parametrize("quantizer", Quantizer)
def test_a_code_stands_for_a_score_that_has_this_code(quantizer: Quantizer) -> None:
    codes = np.arange(quantizer.size)
    scores = np.array([quantizer.score_of(int(code)) for code in codes])
    np.testing.assert_array_equal(quantizer.quantize(scores), codes)


@pytest.mark.parametrize("abnormal", [0.003, 0.06, 0.5])
def test_auroc_of_the_real_challenge_equals_that_of_fractions(abnormal: float) -> None:
    """10^12 voxels: products of such counts have 80 bits."""
    random = np.random.default_rng(6)
    voxels = random.integers(1, 2 * 10**12 // 50, 50)
    positives = (voxels * abnormal * np.linspace(0.2, 1.8, 50)).astype(np.int64)
    negatives = voxels - positives
    below = [sum(negatives[:level].tolist()) for level in range(50)]
    pairs = zip(positives.tolist(), below, negatives.tolist(), strict=True)
    wins = sum(hit * (lower + Fraction(level, 2)) for hit, lower, level in pairs)
    exact = wins / (sum(positives.tolist()) * sum(negatives.tolist()))
    assert Curve(np.arange(50.0), positives, negatives).auroc() == float(exact)


@pytest.mark.parametrize("tpr", [1.1, -0.1, float("nan")])
def test_a_rate_outside_0_and_1_is_refused(tpr: float) -> None:
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        Curve(np.arange(2.0), np.array([1, 2]), np.array([2, 1])).fpr_at_tpr(tpr)
