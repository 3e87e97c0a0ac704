"""How a score would vary with other scans: paired bootstrap replicates.

Scans are drawn with replacement. The draws depend on the seed and the cases alone, so replicate b of one team
saw the same scans as replicate b of every other team.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mood_evaluator.batches import Batching
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import Evidence, Histogram

Matrix = npt.NDArray[np.float64]
_ROWS = 64  # replicates computed at once: keeps the work in the processor's cache


def sample_replicates(
    scores: Mapping[str, float], abnormal: Mapping[str, bool], *, n: int, seed: int
) -> Matrix:
    """Return (n,) APs over resampled scans, each resample with at least one abnormal scan."""
    ids = sorted(abnormal)
    levels, places = np.unique([scores[case_id] for case_id in ids], return_inverse=True)
    truth = np.array([abnormal[case_id] for case_id in ids], np.bool_)
    at_level = np.zeros((len(ids), levels.size))
    at_level[np.arange(len(ids)), places] = 1.0
    draws = _draw(truth, n=n, random=np.random.default_rng([seed]))
    return _pooled_aps(draws, at_level * truth[:, None], at_level * ~truth[:, None])


def pixel_replicates(evidence: Mapping[str, Evidence], batching: Batching, *, n: int, seed: int) -> Matrix:
    """Return (n,) mean batch APs (`two_sided` Evidence); scans are resampled within each stored batch."""
    total = np.zeros(n)
    for index, batch in enumerate(batching.batches):
        cases = [evidence[case_id] for case_id in sorted(batch)]
        truth = np.array([case.positives > 0 for case in cases], np.bool_)
        draws = _draw(truth, n=n, random=np.random.default_rng([seed, index]))
        total += _pooled_aps(draws, *_stack([case.two_sided for case in cases]))
    return total / len(batching.batches)


def _draw(has_positive: npt.NDArray[np.bool_], *, n: int, random: np.random.Generator) -> Matrix:
    """Return (n, cases) how often each case was drawn; draws without a positive are drawn again."""
    if not has_positive.any():
        raise UndefinedScore("No case has a positive, so no resample of them has an average precision.")
    size = has_positive.size
    draws = random.integers(0, size, (n, size))
    while (missing := ~has_positive[draws].any(axis=1)).any():
        draws[missing] = random.integers(0, size, (int(missing.sum()), size))
    flat = (draws + size * np.arange(n)[:, None]).ravel()
    return np.bincount(flat, minlength=n * size).reshape(n, size).astype(np.float64)


def _stack(histograms: Sequence[Histogram]) -> tuple[Matrix, Matrix]:
    """Return (cases, thresholds) positives and the negatives from each threshold to the next."""
    thresholds = np.unique(np.concatenate([part.codes[part.positives > 0] for part in histograms]))
    positives, negatives = np.zeros((2, len(histograms), thresholds.size))
    for row, part in enumerate(histograms):
        own = part.positives > 0
        positives[row, np.searchsorted(thresholds, part.codes[own])] = part.positives[own]
        gaps = np.searchsorted(thresholds, part.codes, side="right")
        counts = np.bincount(gaps, weights=part.negatives, minlength=thresholds.size + 1)
        negatives[row] = counts[1:]  # those below all positives never count
    return positives, negatives


def _pooled_aps(draws: Matrix, positives: Matrix, negatives: Matrix) -> Matrix:
    """Return the AP of each row of `draws` (n, cases) over ascending thresholds (cases, thresholds)."""
    falling = np.ascontiguousarray(positives[:, ::-1]), np.ascontiguousarray(negatives[:, ::-1])
    parts = [draws[start : start + _ROWS] for start in range(0, len(draws), _ROWS)]
    return np.concatenate([_pooled_ap_rows(part, *falling) for part in parts])


def _pooled_ap_rows(draws: Matrix, positives: Matrix, negatives: Matrix) -> Matrix:
    """Do so for a few rows, thresholds falling."""
    gained = draws @ positives
    true = np.cumsum(gained, axis=1)
    found = true + np.cumsum(draws @ negatives, axis=1)
    precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
    return np.asarray((gained * precision).sum(axis=1) / true[:, -1])
