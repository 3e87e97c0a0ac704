"""How firm an official ranking is: scans are drawn anew and everything is scored and ranked again.

The draws are stratified (see `bootstrap`), shared by all teams and independent between test sets. Pixel
scores of draws come from two-sided Evidence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.batches import Batching
from mood_evaluator.bootstrap import pixel_replicates, sample_replicates, whole_set_replicates
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Scores, Standings
from mood_evaluator.tables.agreement import tau_b_of_rows
from mood_evaluator.tables.resamples import ranks_of
from mood_evaluator.tables.signed_rank import ALPHA, adjust_holm
from mood_evaluator.tables.stability import Stability
from mood_evaluator.test_set import Task

Matrix = npt.NDArray[np.float64]
_NEXT_SET = 1_000_003  # added to the seed, so that test sets are drawn independently


@dataclass(frozen=True, slots=True)
class PairDifference:
    """`better` scored at least as high; `p` is two-sided, Holm-adjusted over all pairs of the test set."""

    better: str
    worse: str
    difference: float
    interval: tuple[float, float]  # 95 %
    p: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        return self.p_adjusted <= ALPHA


@dataclass(frozen=True, slots=True, eq=False)
class SetStability:
    """One test set; `replicates` and `whole_set` are (draws, teams), NaN for a team without a result."""

    stability: Stability
    scores: Scores
    replicates: Matrix
    whole_set: Matrix | None  # pixel task
    pairs: tuple[PairDifference, ...]

    def to_json(self) -> dict[str, Any]:
        document = self.stability.to_json()
        teams = self.stability.algorithms
        intervals = dict(zip(teams, _intervals(self.replicates), strict=True))
        whole = {} if self.whole_set is None else dict(zip(teams, _intervals(self.whole_set), strict=True))
        for row in document["algorithms"]:
            row["score"] = self.scores[row["algorithm"]]
            row["score_interval"] = intervals[row["algorithm"]]
            row["whole_set_interval"] = whole.get(row["algorithm"])
        pairs = [{**asdict(pair), "significant": pair.significant} for pair in self.pairs]
        return document | {"significance": {"pairs": pairs}}


@dataclass(frozen=True, slots=True, eq=False)
class RunStability:
    """Per test set, and of the consensus over several."""

    sets: Mapping[str, SetStability]
    consensus: Stability | None

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"tasks": {name: part.to_json() for name, part in self.sets.items()}}
        if self.consensus is not None:
            document["consensus"] = self.consensus.to_json()
        return document


def bootstrap_runs(
    standings: Standings, *, n: int, seed: int, on_run: Callable[[], None] | None = None
) -> RunStability:
    """Score and rank `n` resamples of the scans of each test set; `on_run` is called after each run."""
    step = on_run or (lambda: None)
    sets = {
        test_set: _bootstrap_set(standings, test_set, n=n, seed=seed + _NEXT_SET * number, step=step)
        for number, test_set in enumerate(standings.sets)
    }
    return RunStability(sets, _consensus(standings, sets) if len(sets) > 1 else None)


def compare_replicates(teams: Sequence[str], scores: Scores, replicates: Matrix) -> list[PairDifference]:
    """Test every pair of teams with a result by their paired replicates (draws, teams).

    p is twice the smaller share of draws on one side of 0, ties counting on both (percentile bootstrap, Efron
    & Tibshirani 1993, 15.4). It is 0 where no draw lies there: below one in as many as were drawn.
    """
    place = {team: number for number, team in enumerate(teams)}
    known = sorted(
        (team for team in teams if scores[team] is not None), key=lambda team: (-(scores[team] or 0.0), team)
    )
    pairs = list(combinations(known, 2))
    if not pairs:
        return []
    gaps = [replicates[:, place[better]] - replicates[:, place[worse]] for better, worse in pairs]
    p = np.array([[_percentile_p(gap) for gap in gaps]])
    adjusted = adjust_holm(p)
    return [
        PairDifference(
            better,
            worse,
            (scores[better] or 0.0) - (scores[worse] or 0.0),
            _interval(gap),
            float(p[0, number]),
            float(adjusted[0, number]),
        )
        for number, ((better, worse), gap) in enumerate(zip(pairs, gaps, strict=True))
    ]


def _bootstrap_set(
    standings: Standings, test_set: str, *, n: int, seed: int, step: Callable[[], None]
) -> SetStability:
    teams, runs, scores = standings.teams, standings.sets[test_set], standings.scores(test_set)
    replicates, whole = np.full((2, n, len(teams)), np.nan)
    for column, team in enumerate(teams):
        if scores[team] is not None:
            replicates[:, column] = _replicates(runs[team], n=n, seed=seed)
            if standings.task is Task.PIXEL:
                whole[:, column] = whole_set_replicates(runs[team].evidence, n=n, seed=seed)
        step()
    places = standings.rankings()[test_set]
    stability = _stability(
        teams, [places[team] for team in teams], ranks_of(replicates, smaller_is_better=False)
    )
    return SetStability(
        stability,
        scores,
        replicates,
        whole if standings.task is Task.PIXEL else None,
        tuple(compare_replicates(teams, scores, replicates)),
    )


def _consensus(standings: Standings, sets: Mapping[str, SetStability]) -> Stability:
    ranks = [part.stability.ranks for part in sets.values()]
    means = sum((_average_ties(part) for part in ranks), np.zeros(ranks[0].shape)) / len(ranks)
    places, _ = standings.consensus()
    teams = standings.teams
    return _stability(teams, [places[team] for team in teams], ranks_of(means, smaller_is_better=True))


def _stability(teams: tuple[str, ...], full: Sequence[int], ranks: npt.NDArray[np.int64]) -> Stability:
    places = np.array(full)
    return Stability(teams, places, ranks, tau_b_of_rows(places, ranks))


def _average_ties(ranks: npt.NDArray[np.int64]) -> Matrix:
    """Turn ranks (draws, teams) whose ties share the smallest into such whose ties share the mean."""
    alike = (ranks[:, :, None] == ranks[:, None, :]).sum(axis=2)
    return np.asarray(ranks + (alike - 1) / 2)


def _replicates(run: ScoredRun, *, n: int, seed: int) -> Matrix:
    if run.task is Task.SAMPLE:
        scores = {case_id: case.score or 0.0 for case_id, case in run.cases.items()}
        return sample_replicates(scores, run.abnormal, n=n, seed=seed)
    return pixel_replicates(run.evidence, _batching(run), n=n, seed=seed)


def _batching(run: ScoredRun) -> Batching:
    ids = tuple(run.cases)
    return run.batchings[0] if run.batchings else Batching(seed="", draw=0, size=len(ids), batches=(ids,))


def _percentile_p(gap: Matrix) -> float:
    return min(1.0, 2 * min(float(np.mean(gap <= 0)), float(np.mean(gap >= 0))))


def _interval(values: Matrix) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _intervals(columns: Matrix) -> list[tuple[float, float] | None]:
    return [None if np.isnan(column).any() else _interval(column) for column in columns.T]
