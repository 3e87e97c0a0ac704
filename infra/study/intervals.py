"""How sure an ordering is: training seeds and scans are drawn together, and the difference is looked at.

A draw picks one training of each of the two, and scans with replacement, abnormal ones among the abnormal;
both see the same scans. An ordering counts as reproduced with three seeds and a 95 % interval above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
LEAST_SEEDS = 3
LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class Counts:
    """Positives and negatives of each scan at each ascending score level: (scans, levels)."""

    positives: NDArray[np.float32]
    negatives: NDArray[np.float32]

    @classmethod
    def of(cls, scores: Sequence[NDArray[np.floating]], truths: Sequence[NDArray[np.bool_]]) -> Counts:
        """Count the scores of each scan against their truth."""
        levels, places = np.unique(np.concatenate(scores), return_inverse=True)
        owner = np.repeat(np.arange(len(scores)), [len(part) for part in scores])
        truth = np.concatenate(truths)
        tables = []
        for chosen in (truth, ~truth):
            flat = owner[chosen] * levels.size + places[chosen]
            counts = np.bincount(flat, minlength=len(scores) * levels.size)
            tables.append(counts.reshape(len(scores), levels.size).astype(np.float32))
        return cls(*tables)


def draw_scans(abnormal: NDArray[np.bool_], *, draws: int, seed: int) -> Matrix:
    """Return how often each scan is in each draw: (draws, scans); the first draw is the set as it is."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, abnormal.size))
    for kind in (np.flatnonzero(abnormal), np.flatnonzero(~abnormal)):
        for row in range(draws):
            weights[row] += (
                np.bincount(rng.choice(kind, kind.size), minlength=abnormal.size) if kind.size else 0
            )
    weights[0] = 1
    return weights


def find_aurocs(counts: Counts, weights: Matrix) -> Matrix:
    """Return the AUROC of the pooled scans of each draw, ties counting half: (draws,)."""
    return _in_blocks(_aurocs, counts, weights)


def find_aps(counts: Counts, weights: Matrix) -> Matrix:
    """Return the average precision of the pooled scans of each draw: (draws,)."""
    return _in_blocks(_aps, counts, weights)


def _in_blocks(measure: object, counts: Counts, weights: Matrix, rows: int = 64) -> Matrix:
    parts = [
        measure(part @ counts.positives, part @ counts.negatives)  # type: ignore[operator]
        for part in np.array_split(weights, max(1, len(weights) // rows))
    ]
    return np.concatenate(parts)


def _aurocs(positives: Matrix, negatives: Matrix) -> Matrix:
    below = np.cumsum(negatives, axis=1) - negatives
    won = (positives * (below + negatives / 2)).sum(axis=1)
    return np.asarray(won / (positives.sum(axis=1) * negatives.sum(axis=1)))


def _aps(positives: Matrix, negatives: Matrix) -> Matrix:
    true = np.cumsum(positives[:, ::-1], axis=1)
    found = true + np.cumsum(negatives[:, ::-1], axis=1)
    precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
    return np.asarray((positives[:, ::-1] * precision).sum(axis=1) / true[:, -1])


@dataclass(frozen=True)
class Difference:
    """Better minus worse, over seeds and scans."""

    mean: float
    low: float
    high: float
    reproduced: bool


def compare(better: Matrix, worse: Matrix, *, seed: int) -> Difference:
    """Compare two (seeds, draws) tables of a measure whose draws saw the same scans."""
    rng = np.random.default_rng(seed)
    draws = np.arange(better.shape[1])
    ours = better[rng.integers(len(better), size=draws.size), draws]
    theirs = worse[rng.integers(len(worse), size=draws.size), draws]
    difference = ours - theirs
    low, high = (float(value) for value in np.quantile(difference, LEVEL))
    enough = min(len(better), len(worse)) >= LEAST_SEEDS
    return Difference(float(better[:, 0].mean() - worse[:, 0].mean()), low, high, enough and low > 0)


def describe(table: Matrix) -> dict[str, float | int]:
    """Return mean and spread over seeds of the whole set, and the interval over seeds and scans."""
    low, high = (float(value) for value in np.quantile(table, LEVEL))
    spread = float(table[:, 0].std(ddof=1)) if len(table) > 1 else 0.0
    return {"mean": float(table[:, 0].mean()), "std": spread, "low": low, "high": high, "seeds": len(table)}
