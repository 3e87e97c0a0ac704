"""The one rule for scores outside the rules: NaN counts as 0, everything else is clamped to [0, 1]."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class CleanScores:
    """Scores in [0, 1] without NaN and without -0.0, and how many were not so before."""

    values: Scores  # as long and as precise as what came in, and the same array where that was clean
    nan: int = 0
    clamped: int = 0  # outside [0, 1], infinities among them
    posinf: int = 0
    neginf: int = 0


def clean_scores(raw: Scores) -> CleanScores:
    """Apply the rule to `raw` (any shape, float32 or float64)."""
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


def _is_clean(raw: Scores) -> bool:
    """Look at the bits, which order like the numbers: negative ones and -0.0 below 0, NaN above 1."""
    if raw.size == 0:
        return True
    bits = np.int32 if raw.dtype == np.float32 else np.int64
    codes = raw.view(bits)
    return bool(codes.min() >= 0 and codes.max() <= raw.dtype.type(1).view(bits))
