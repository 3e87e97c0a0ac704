"""Slow twins, written from the definitions: 1,000 random and adversarial draws of each number."""

from fractions import Fraction
from math import ulp

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import roc_auc_score

from mood_evaluator import Curve, average_precision, sample_replicates
from mood_evaluator.bootstrap import _draw, _generator

DRAWS = 1_000
Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]


def draws() -> list[tuple[Scores, Labels]]:
    """Ties of all, float noise, neighbours of 0 and 1, a class that is rare, order right and wrong."""
    random, found = np.random.default_rng(7), []
    for number in range(DRAWS):
        size = int(random.integers(2, 40))
        labels = random.random(size) < random.choice([0.05, 0.3, 0.9])
        labels[:2] = True, False
        scores = [
            random.random(size),
            random.integers(0, 3, size) / 2,
            np.full(size, 0.5),
            0.1 + 0.2 * random.integers(0, 2, size) + random.integers(-1, 2, size) * 2.0**-54,
            np.where(labels, np.nextafter(1, 0), 1.0),
            np.where(labels, 5e-324, 0.0) * random.integers(0, 2, size),
            labels + random.normal(0, 0.2, size),
            random.normal(0, 0.2, size) - labels,
        ][number % 8]
        order = random.permutation(size)
        found.append((np.asarray(scores, np.float64)[order], labels[order]))
    return found


POOLS = draws()


def thresholds(scores: Scores) -> list[float]:
    return sorted(set(scores.tolist()), reverse=True)


def exact_ap(scores: Scores, labels: Labels) -> Fraction:
    total, before = Fraction(0), 0
    for threshold in thresholds(scores):
        found = scores >= threshold
        hits = int((found & labels).sum())
        total += Fraction((hits - before) * hits, int(found.sum()))
        before = hits
    return total / int(labels.sum())


def exact_auroc(scores: Scores, labels: Labels) -> Fraction:
    pairs = [(hit, miss) for hit in scores[labels] for miss in scores[~labels]]
    return sum(
        (Fraction(int(hit > miss)) + Fraction(int(hit == miss), 2) for hit, miss in pairs), Fraction(0)
    ) / len(pairs)


def test_average_precision_is_the_fraction_within_two_ulp() -> None:
    for scores, labels in POOLS:
        exact = exact_ap(scores, labels)
        assert abs(Fraction(average_precision(scores, labels)) - exact) <= 2 * Fraction(ulp(float(exact)))


def test_auroc_is_the_fraction_rounded() -> None:
    for scores, labels in POOLS:
        assert Curve.of(scores, labels).auroc() == float(exact_auroc(scores, labels))
        assert Curve.of(scores, labels).auroc() == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


@pytest.mark.parametrize("tpr", [0.5, 0.8, 0.95, 1.0])
def test_fpr_is_that_of_the_highest_threshold_that_finds_enough(tpr: float) -> None:
    for scores, labels in POOLS:
        enough = next(t for t in thresholds(scores) if (scores[labels] >= t).sum() >= tpr * labels.sum())
        assert Curve.of(scores, labels).fpr_at_tpr(tpr) == float((scores[~labels] >= enough).mean())


def test_best_dice_is_the_best_of_all_thresholds() -> None:
    for scores, labels in POOLS:
        dice = {}
        for threshold in thresholds(scores):
            found = scores >= threshold
            dice[threshold] = 2 * int((found & labels).sum()) / (int(found.sum()) + int(labels.sum()))
        best = Curve.of(scores, labels).best_dsc()
        assert best.dsc == max(dice.values())
        assert best.threshold == max(t for t, value in dice.items() if value == best.dsc)
        assert Curve.of(scores, labels).dsc_at(best.threshold) == best.dsc


def test_a_bootstrap_draw_is_the_ap_of_the_drawn_scans() -> None:
    for number, (scores, labels) in enumerate(POOLS):
        ids = [f"{index:02}" for index in range(scores.size)]
        drawn = _draw(labels, n=2, random=_generator(number, "twin"))
        expected = [float(exact_ap(scores[row], labels[row])) for row in drawn]
        found = sample_replicates(
            dict(zip(ids, scores.tolist(), strict=True)),
            dict(zip(ids, labels.tolist(), strict=True)),
            n=2,
            seed=number,
            stream="twin",
        )
        assert found.draws == pytest.approx(expected, abs=1e-12)
