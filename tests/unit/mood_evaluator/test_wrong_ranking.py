"""A ranking is called inverted or worse than a constant only where it clearly is."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mood_evaluator.curves import Curve
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.wrong_ranking import doubt, reversed_curve

RANDOM = np.random.default_rng(6)
TRUTH = RANDOM.random(400) < 0.2
GOOD = (0.3 * TRUTH + 0.7 * RANDOM.random(400)).astype(np.float64)


def _doubt(scores: np.ndarray, truth: np.ndarray = TRUTH) -> Suspicion | None:
    curve = Curve.of(scores, truth)
    return doubt(curve, score=curve.ap(), constant=float(truth.mean()), independent=True)


def _code(scores: np.ndarray, truth: np.ndarray = TRUTH) -> str | None:
    found = _doubt(scores, truth)
    return None if found is None else found.code


def test_the_reversed_counts_are_those_of_one_minus_score() -> None:
    reversed_ = reversed_curve(Curve.of(GOOD, TRUTH))
    assert reversed_.ap() == pytest.approx(average_precision_score(TRUTH, 1 - GOOD), abs=1e-12)
    assert reversed_.auroc() == pytest.approx(roc_auc_score(TRUTH, 1 - GOOD), abs=1e-12)
    assert reversed_.levels.tolist() == sorted(1 - GOOD)


def test_an_inverted_ranking_is_told_with_its_numbers() -> None:
    found = _doubt(1 - GOOD)
    assert found is not None
    assert found.code == "inverted"
    assert f"{average_precision_score(TRUTH, GOOD):.3f}" in found.text
    assert f"{roc_auc_score(TRUTH, 1 - GOOD):.3f}" in found.text


def test_a_good_ranking_is_not_accused() -> None:
    assert _code(GOOD) is None


def test_a_constant_guess_is_not_below_itself() -> None:
    assert _code(np.full(400, 0.3)) is None


def test_what_is_below_the_constant_guess_is_told_in_published_decimals() -> None:
    curve = Curve.of(GOOD, TRUTH)
    told = doubt(curve, score=0.1999, constant=0.2, independent=False)
    assert told is not None
    assert told.code == "below_constant"
    assert "0.1999" in told.text
    assert "0.2000" in told.text
    assert doubt(curve, score=0.19999, constant=0.2, independent=False) is None


def test_few_scans_are_never_judged() -> None:
    """Of three abnormal scans and a normal one, chance puts the normal one on top in a quarter of cases."""
    truth = np.array([True, True, True, False])
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    assert average_precision_score(truth, scores) < 0.75
    assert _code(scores, truth) is None


def test_an_auroc_below_one_half_is_not_enough() -> None:
    """Where the top is right, the AP is above chance however the rest is ordered."""
    truth = np.repeat([True, False, True], [10, 300, 90])
    scores = np.repeat([0.9, 0.5, 0.1], [10, 300, 90])
    assert roc_auc_score(truth, scores) < 0.2
    assert average_precision_score(truth, scores) > truth.mean()
    assert _code(scores, truth) is None


def test_random_rankings_of_scans_are_seldom_doubted() -> None:
    truths = [RANDOM.permutation(np.arange(30) < 15) for _ in range(1_000)]
    codes = [_code(RANDOM.random(30), truth) for truth in truths]
    assert codes.count("inverted") <= 20  # 10 are expected
    assert 10 <= codes.count("inverted") + codes.count("below_constant") <= 60  # 37


@pytest.mark.parametrize("truth", [True, False])
def test_where_all_is_normal_or_abnormal_nothing_is_said(truth: bool) -> None:
    assert doubt(Curve.of(GOOD, np.full(400, truth)), score=0.1, constant=0.9, independent=False) is None
