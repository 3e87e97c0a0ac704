"""The one rule for scores outside the rules: NaN counts as 0, everything else is clamped to [0, 1]."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import as_floats

Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class CleanScores:
    """Scores in [0, 1] without NaN and without -0.0, and how many were not so before."""

    values: Scores  # as long as what came in, and the same array where that was clean
    nan: int = 0
    clamped: int = 0  # outside [0, 1], infinities among them
    posinf: int = 0
    neginf: int = 0


def clean_scores(raw: npt.ArrayLike) -> CleanScores:
    """Apply the rule to `raw` (any shape and real type); float32 and float64 keep their precision.

    >>> clean = clean_scores([0.25, float("nan"), 1.5])
    >>> clean.values.tolist(), clean.nan, clean.clamped
    ([0.25, 0.0, 1.0], 1, 1)
    """
    raw = as_floats(raw)
    if _is_clean(raw):
        return CleanScores(values=raw)
    nan = np.isnan(raw)
    values = np.clip(np.where(nan, 0.0, raw).astype(raw.dtype), 0.0, 1.0) + 0.0
    return CleanScores(
        values=values,
        nan=int(nan.sum()),
        clamped=int(((raw < 0) | (raw > 1)).sum()),
        posinf=int(np.isposinf(raw).sum()),
        neginf=int(np.isneginf(raw).sum()),
    )


def ends_of(values: Scores, *, within: tuple[float, float]) -> tuple[float, float]:
    """Return the lowest and the highest of clean `values` (one or more) and of those seen before.

    Their bits order as they do; what cannot get lower or higher is not looked for.
    """
    bits, (lowest, highest) = _bits_of(values), within
    if lowest > 0:
        lowest = min(lowest, _score_of(bits.min(), values))
    if highest < 1:
        highest = max(highest, _score_of(bits.max(), values))
    return lowest, highest


def _score_of(bits: npt.NDArray[Any], like: Scores) -> float:
    return float(np.array(bits).view(like.dtype))


def _is_clean(raw: Scores) -> bool:
    """Look at the bits, unsigned: those of what is negative, -0.0 or NaN are above those of 1."""
    if raw.size == 0:
        return True
    return bool(_bits_of(raw).max() <= _bits_of(np.ones(1, raw.dtype))[0])


def _bits_of(values: Scores) -> npt.NDArray[np.unsignedinteger[Any]]:
    return values.view(np.uint32 if values.dtype == np.float32 else np.uint64)
