"""Two ways to find a trace: a permutation test over all features at once, and a classifier.

The permutation test is the single-step max-T of Westfall and Young (1993) on ranks; the classifiers are
judged on cases they were not fitted to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Auroc", "Permutation", "cross_validate", "max_t"]

Matrix = NDArray[np.float64]
PERMUTATIONS = 4000
BOOTSTRAPS = 2000
FOLDS, REPEATS = 5, 3


@dataclass(frozen=True, slots=True)
class Permutation:
    statistics: Matrix  # (features,): |difference of mean ranks| in standard errors
    p_values: Matrix  # (features,): family-wise
    p: float  # of the most telling feature


@dataclass(frozen=True, slots=True)
class Auroc:
    value: float
    low: float  # 95 % interval, bootstrap over cases within classes
    high: float


def max_t(features: Matrix, abnormal: NDArray[np.bool_], *, seed: int) -> Permutation:
    """Features (cases, features), none constant. Raises nothing for two cases a class or more."""
    ranks = np.apply_along_axis(stats.rankdata, 0, features)
    ranks = (ranks - ranks.mean(axis=0)) / ranks.std(axis=0)
    n, m = int(abnormal.sum()), int((~abnormal).sum())
    scale = np.sqrt(n * m / (n + m))
    rng = np.random.default_rng(seed)
    labels = np.stack([rng.permutation(abnormal) for _ in range(PERMUTATIONS)])
    weights = np.where(labels, 1 / n, -1 / m)
    highest = np.abs(weights @ ranks).max(axis=1) * scale
    seen = np.abs(np.where(abnormal, 1 / n, -1 / m) @ ranks) * scale
    p_values = (1 + (highest[:, np.newaxis] >= seen - 1e-9).sum(axis=0)) / (1 + PERMUTATIONS)
    return Permutation(seen, p_values, float(p_values.min()))


def cross_validate(features: Matrix, abnormal: NDArray[np.bool_], *, seed: int) -> dict[str, Auroc]:
    """AUROC of a linear and of a forest classifier, from out-of-fold scores averaged over the repeats."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    models = {
        "linear": make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)),
        "forest": RandomForestClassifier(100, min_samples_leaf=5, random_state=seed),
    }
    return {
        name: _auroc(_out_of_fold(model, features, abnormal, seed), abnormal, seed)
        for name, model in models.items()
    }


def _out_of_fold(model: object, features: Matrix, abnormal: NDArray[np.bool_], seed: int) -> Matrix:
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    scores = np.zeros(len(abnormal))
    for repeat in range(REPEATS):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        found = cross_val_predict(model, features, abnormal, cv=folds, method="predict_proba")
        scores += stats.rankdata(found[:, 1])
    return scores


def _auroc(scores: Matrix, abnormal: NDArray[np.bool_], seed: int) -> Auroc:
    rng = np.random.default_rng(seed)
    wins = (scores[abnormal][:, None] > scores[~abnormal]) + 0.5 * (
        scores[abnormal][:, None] == scores[~abnormal]
    )
    n, m = wins.shape
    draws = [wins[rng.integers(0, n, n)][:, rng.integers(0, m, m)].mean() for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(draws, (0.025, 0.975))
    return Auroc(float(wins.mean()), float(low), float(high))
