"""What guessing would score: the line and the band that every plot of an AP needs."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.curves import Curve
from mood_evaluator.tables.score_table import Matrix

Weights = npt.NDArray[np.floating[Any]]
_LEVELS = 1_000  # of a random score
_DRAWS = 400


@cache
def chance_interval(positives: int, negatives: int, *, balanced: bool, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the AP of random scores.

    With `balanced` both classes weigh the same, so that a constant guess has 0.5.
    """
    random = np.random.default_rng([seed, positives, negatives])
    share = np.full(_LEVELS, 1 / _LEVELS)
    true, false = (random.multinomial(count, share, _DRAWS) for count in (positives, negatives))
    aps = (
        weighted_aps(true / positives, false / negatives)
        if balanced
        else weighted_aps(1.0 * true, 1.0 * false)
    )
    low, high = np.quantile(aps, (0.025, 0.975))
    return float(low), float(high)


def balanced_ap(curve: Curve) -> float:
    """Return the AP with normal and abnormal weighted to 50 : 50; raises UndefinedScore without both."""
    curve.auroc()  # says what is missing
    shares = [(part / part.sum())[None] for part in (curve.positives, curve.negatives)]
    return float(weighted_aps(shares[0], shares[1])[0])


def weighted_aps(positives: Weights, negatives: Weights) -> Matrix:
    """Return (n,) APs of weights (n, levels) at ascending levels."""
    true, false = (np.cumsum(part[:, ::-1], axis=1) for part in (positives, negatives))
    found = true + false
    precision = np.divide(true, found, out=np.zeros(found.shape), where=found > 0)
    return np.asarray((positives[:, ::-1] * precision).sum(axis=1) / true[:, -1])
