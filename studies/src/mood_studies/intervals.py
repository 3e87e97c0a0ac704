"""How sure an ordering is: training seeds and scans are drawn together, and the difference is looked at.

A draw takes as many trainings of each of the two as there are, with replacement, and scans, abnormal ones
among the abnormal; both see the same scans, and the same trainings where they share one. An ordering counts
as reproduced with three seeds and a 95 % interval above 0, as reversed with three seeds and one below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Measure = Callable[[Matrix, Matrix], Matrix]
"""Positives and negatives of each draw at each ascending level -> (draws,)."""
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


def _in_blocks(measure: Measure, counts: Counts, weights: Matrix, rows: int = 64) -> Matrix:
    parts = [
        measure(part @ counts.positives, part @ counts.negatives)
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
    reversed: bool


def compare(better: Matrix, worse: Matrix, *, seed: int, paired: bool = False) -> Difference:
    """Compare two (seeds, draws) tables of a measure whose draws saw the same scans.

    Args:
        better: Of what the thesis has above the other.
        worse: Of the other.
        seed: Of the draws of trainings.
        paired: Whether row i of both comes from the same trained net, or from one that builds on it.

    """
    rng = np.random.default_rng(seed)
    tables = [better - worse] if paired else [better, -worse]
    gaps = np.sum([_draw_seeds(table, rng) for table in tables], axis=0)
    low, high = (float(value) for value in np.quantile(gaps, LEVEL))
    enough = min(len(better), len(worse)) >= LEAST_SEEDS
    mean = float(better[:, 0].mean() - worse[:, 0].mean())
    return Difference(mean, low, high, enough and low > 0, enough and high < 0)


def _draw_seeds(table: Matrix, rng: np.random.Generator) -> Matrix:
    """Return the mean of redrawn rows in each column: (seeds, draws) -> (draws,).

    Redrawing n rows shows (n - 1) / n of the variance of their mean, so they are spread by its root first.
    """
    count, draws = table.shape
    mean = table.mean(axis=0)
    spread = mean + (table - mean) * np.sqrt(count / max(1, count - 1))
    shares = rng.multinomial(count, np.full(count, 1 / count), size=draws) / count
    return np.asarray(np.einsum("ds,sd->d", shares, spread))


def describe(table: Matrix) -> dict[str, float | int | None]:
    """Return mean and spread over seeds of the whole set; the interval of the mean is over scans, too."""
    low, high = (float(value) for value in np.quantile(_draw_seeds(table, np.random.default_rng(5)), LEVEL))
    spread = float(table[:, 0].std(ddof=1)) if len(table) > 1 else None
    return {"mean": float(table[:, 0].mean()), "std": spread, "low": low, "high": high, "seeds": len(table)}
