"""Kendall's tau-b: how well two rankings agree, from -1 (reversed) to 1 (equal), ties counted as neither."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import checked_table
from mood_evaluator.tables.score_table import Matrix


def kendall_tau_b(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return tau-b over the algorithms in both; NaN if either ranks all of them alike (Kendall 1945)."""
    mine, theirs = (checked_table(ranks) for ranks in (one, other))
    names = sorted(mine.keys() & theirs.keys())
    mine_and_theirs = np.array([[table[name] for name in names] for table in (mine, theirs)], np.float64)
    return float(tau_b_of_rows(mine_and_theirs[0], mine_and_theirs[1:])[0])


def tau_b_of_rows(ranks: npt.NDArray[np.number[Any]], rows: npt.NDArray[np.number[Any]]) -> Matrix:
    """Return (B,) tau-b of each of `rows` (B, algorithms) with `ranks` (algorithms,)."""
    with np.errstate(invalid="ignore"):  # of two infinite scores
        mine, theirs = (np.sign(x[..., :, None] - x[..., None, :]).astype(float) for x in (ranks, rows))
    agreeing = np.sum(mine * theirs, axis=(1, 2))
    scale = np.sqrt(np.sum(mine * mine) * np.sum(theirs * theirs, axis=(1, 2)))
    return np.asarray(np.divide(agreeing, scale, out=np.full(len(rows), math.nan), where=scale > 0))
