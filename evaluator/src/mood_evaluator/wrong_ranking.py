"""Is a ranking the wrong way round, or worse than one score for everything? Judged from counts alone."""

import math
from typing import Final

from mood_evaluator.curves import Curve
from mood_evaluator.ranking import as_published
from mood_evaluator.suspicion import Suspicion

CLEARLY: Final = 0.1  # below 1/2, of the AUROC of a ranking that is called inverted
RARE: Final = 2.33  # standard deviations of a random order below 1/2: 1 in 100
UNUSUAL: Final = 1.79  # 1 in 27


def doubt(curve: Curve, *, score: float, constant: float, independent: bool) -> Suspicion | None:
    """Judge the `score` of what `curve` counts, beside the score of a `constant` guess.

    Where what is counted is `independent`, as scans are and voxels are not, chance is no reason to doubt.
    """
    if not (curve.positives.any() and curve.negatives.any()):
        return None
    auroc, deviation = curve.auroc(), _deviation(curve)
    if auroc <= 0.5 - max(CLEARLY, RARE * deviation) and (found := _inverted(curve, auroc)):
        return found
    if independent and auroc > 0.5 - UNUSUAL * deviation:
        return None
    return _below_constant(score, constant)


def reversed_curve(curve: Curve) -> Curve:
    """Return the counts of 1 - score."""
    return Curve(1 - curve.levels[::-1], curve.positives[::-1], curve.negatives[::-1])


def _deviation(curve: Curve) -> float:
    """Return the standard deviation of the AUROC of a random order (Mann and Whitney, 1947)."""
    positives, negatives = int(curve.positives.sum()), int(curve.negatives.sum())
    return math.sqrt((positives + negatives + 1) / (12 * positives * negatives))


def _inverted(curve: Curve, auroc: float) -> Suspicion | None:
    positives, negatives = int(curve.positives.sum()), int(curve.negatives.sum())
    ap, other = curve.ap(), reversed_curve(curve).ap()
    chance = positives / (positives + negatives) * (1 + 1e-9)  # that much where all that is abnormal is last
    if not ap <= chance < other:
        return None
    return Suspicion(
        "inverted",
        f"The ranking looks inverted: over all cases at once AUROC is {auroc:.3f}, and 1 - score would have "
        f"an AP of {other:.3f} instead of {ap:.3f}. Higher must mean more abnormal.",
    )


def _below_constant(score: float, constant: float) -> Suspicion | None:
    mine, its = as_published(score), as_published(constant)
    if mine is None or its is None or mine >= its:
        return None
    return Suspicion(
        "below_constant",
        f"The AP of {mine:.4f} is below that of one score for everything, {its:.4f}. "
        "Check that higher means more abnormal, and what your scores depend on.",
    )
