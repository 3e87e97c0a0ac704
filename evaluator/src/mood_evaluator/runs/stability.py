"""How firm an official ranking is: scans are drawn anew and everything is scored and ranked again.

The draws are stratified (see `bootstrap`), shared by all teams and independent between test sets. Pixel
scores of draws come from two-sided Evidence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.bootstrap import Replicates, whole_set_replicates
from mood_evaluator.rank_draws import Interval, Ranks, consensus_draws, rank_draws, score_interval
from mood_evaluator.replicates import replicates_of
from mood_evaluator.runs.scored_run import Ranking, ScoredRun
from mood_evaluator.runs.standings import Scores, Standings
from mood_evaluator.significance import PairDifference, compare_replicates
from mood_evaluator.tables.agreement import tau_b_of_rows
from mood_evaluator.tables.stability import Stability
from mood_evaluator.test_set import Task

Matrix = npt.NDArray[np.float64]


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
        test_set: _bootstrap_set(standings, test_set, n=n, seed=seed, step=step)
        for test_set in standings.sets
    }
    return RunStability(sets, _consensus(standings, sets) if len(sets) > 1 else None)


def _bootstrap_set(
    standings: Standings, test_set: str, *, n: int, seed: int, step: Callable[[], None]
) -> SetStability:
    teams, runs, scores = standings.teams, standings.sets[test_set], standings.scores(test_set)
    replicates, whole = np.full((2, n, len(teams)), np.nan)
    influences = np.full((len(next(iter(runs.values())).abnormal), len(teams)), np.nan)
    for column, team in enumerate(teams):
        if scores[team] is not None:
            found = _replicates(runs[team], n=n, seed=seed)
            replicates[:, column], influences[:, column] = found.draws, found.influences
            if standings.task is Task.PIXEL and standings.ranking is Ranking.AP:
                whole[:, column] = whole_set_replicates(runs[team].evidence, n=n, seed=seed, stream=test_set)
        step()
    places = standings.rankings()[test_set]
    stability = _stability(teams, [places[team] for team in teams], rank_draws(replicates))
    return SetStability(
        stability,
        scores,
        replicates,
        whole if standings.task is Task.PIXEL else None,
        tuple(compare_replicates(teams, scores, replicates, influences)),
    )


def _consensus(standings: Standings, sets: Mapping[str, SetStability]) -> Stability:
    ranks = consensus_draws([part.stability.ranks for part in sets.values()])
    places, _ = standings.consensus()
    teams = standings.teams
    return _stability(teams, [places[team] for team in teams], ranks)


def _stability(teams: tuple[str, ...], full: Sequence[int], ranks: Ranks) -> Stability:
    places = np.array(full)
    return Stability(teams, places, ranks, tau_b_of_rows(places, ranks))


def _replicates(run: ScoredRun, *, n: int, seed: int) -> Replicates:
    if run.ranking is Ranking.OBJECT_SENSITIVITY:
        assert run.sweep is not None, "its score is from there"
        return run.sweep.replicates(run.abnormal, n=n, seed=seed, stream=run.test_set)
    return replicates_of(
        task=run.task,
        test_set=run.test_set,
        abnormal=run.abnormal,
        batchings=run.batchings,
        case_scores=run.cases,
        n=n,
        seed=seed,
    )


def _intervals(columns: Matrix) -> list[Interval | None]:
    return [None if np.isnan(column).any() else score_interval(column) for column in columns.T]
