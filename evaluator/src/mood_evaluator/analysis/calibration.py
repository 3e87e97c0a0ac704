"""Whether scores of scans can be read as probabilities: Brier score and reliability (sample task).

The task asks for an order alone, so a method may be poorly calibrated and still be the best.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.runs.standings import Standings

BINS = 10  # of equal width over [0, 1]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Scans whose score lies in [low, high), the last bin with 1."""

    low: float
    high: float
    scans: int
    mean_score: float
    abnormal: float  # share of its scans


@dataclass(frozen=True, slots=True)
class Calibration:
    """One team, by bins that have scans. `brier_of_share`: of the share of abnormal scans as the guess."""

    team: str
    scans: int
    brier: float  # mean of (score - truth)², 0 is best
    brier_of_share: float
    bins: tuple[ReliabilityBin, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def calibrations(standings: Standings, test_set: str) -> tuple[Calibration, ...]:
    """Return the calibration of each team with a result; invalid predictions count as 0."""
    found = []
    for team, run in standings.board_runs(test_set):
        scores = np.array([run.cases[case_id].score or 0.0 for case_id in run.abnormal])
        found.append(calibrate(team, scores, np.array(list(run.abnormal.values()), np.bool_)))
    return tuple(found)


def calibrate(team: str, scores: npt.NDArray[np.float64], abnormal: npt.NDArray[np.bool_]) -> Calibration:
    """Return the calibration of scores (scans,) in [0, 1]."""
    share = float(abnormal.mean())
    brier = float(np.mean((scores - abnormal) ** 2))
    places = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    own = [(int(place), places == place) for place in np.unique(places)]
    bins = tuple(_bin(place, scores[members], abnormal[members]) for place, members in own)
    return Calibration(team, scores.size, brier, share * (1 - share), bins)


def _bin(place: int, scores: npt.NDArray[np.float64], abnormal: npt.NDArray[np.bool_]) -> ReliabilityBin:
    low, high = place / BINS, (place + 1) / BINS
    return ReliabilityBin(low, high, scores.size, float(scores.mean()), float(abnormal.mean()))
