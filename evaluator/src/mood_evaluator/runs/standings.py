"""Scored runs of one task, side by side: which team scored what on which test set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mood_evaluator.consensus_ranks import consensus, mean_ranks
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.ranking import as_published, rank
from mood_evaluator.runs.scored_run import Ranking, ScoredRun
from mood_evaluator.test_set import Task

Scores = dict[str, float | None]
"""Score by team; None: no result."""


@dataclass(frozen=True, slots=True, eq=False)
class Standings:
    """Eligible runs by test set, then by team; `others` are in no ranking."""

    task: Task
    sets: Mapping[str, Mapping[str, ScoredRun]]
    others: tuple[ScoredRun, ...] = ()

    @property
    def teams(self) -> tuple[str, ...]:
        return tuple(sorted({team for runs in self.sets.values() for team in runs}))

    @property
    def ranking(self) -> Ranking:
        """What the scores are."""
        return next(iter(next(iter(self.sets.values())).values())).ranking

    def board_order(self) -> tuple[str, ...]:
        """Return the teams as the official board lists them: by consensus rank, then by name."""
        places, _ = self.consensus()
        return tuple(sorted(places, key=lambda team: (places[team], team)))

    def board_runs(self, test_set: str) -> list[tuple[str, ScoredRun]]:
        """Return the runs on a test set with a result, in the order of the board."""
        runs = self.sets[test_set]
        teams = [team for team in self.board_order() if team in runs]
        return [(team, runs[team]) for team in teams if runs[team].result.score is not None]

    def scores(self, test_set: str) -> Scores:
        """Return every team's score; a team without a run there has no result."""
        runs = self.sets[test_set]
        return {team: runs[team].result.score if team in runs else None for team in self.teams}

    def second_scores(self, test_set: str) -> Scores:
        """Return the scores under the second batching, the first where there is none."""
        scores = self.scores(test_set)
        for team, run in self.sets[test_set].items():
            if run.result.validation is not None:
                scores[team] = run.result.validation.mean
        return scores

    def rankings(self) -> dict[str, dict[str, int]]:
        """Return ranks by test set, of the scores as published."""
        return {test_set: rank(published(self.scores(test_set))) for test_set in self.sets}

    def consensus(self) -> tuple[dict[str, int], dict[str, float]]:
        """Return consensus ranks and the mean ranks they rest on."""
        columns = [published(self.scores(test_set)) for test_set in self.sets]
        return consensus(columns), mean_ranks(columns)


def published(scores: Scores) -> Scores:
    """Return the scores as they are published, which are those that are ranked."""
    return {team: as_published(score) for team, score in scores.items()}


def gather_runs(runs: Sequence[ScoredRun]) -> Standings:
    """Put runs side by side; raises EvaluatorError for runs that cannot be compared."""
    sets: dict[str, dict[str, ScoredRun]] = {}
    for run in runs:  # those that are listed alone must fit too: their scores stand beside the others
        _check_fits(run, runs[0], sets.setdefault(run.test_set, {}))
        sets[run.test_set][run.team] = run
    sets = {name: own for name, found in sets.items() if (own := _eligible(found))}
    if not sets:
        raise EvaluatorError("There are no scored runs of an eligible team. Give one or more RUN.zip.")
    ranked = {run.team for own in sets.values() for run in own.values() if run.result.score is not None}
    if ranked:  # without a result anywhere nobody has a rank
        sets = {name: {team: own[team] for team in own if team in ranked} for name, own in sets.items()}
    others = [run for run in runs if not run.eligible or (ranked and run.team not in ranked)]
    return Standings(runs[0].task, {name: own for name, own in sets.items() if own}, tuple(others))


def _eligible(runs: Mapping[str, ScoredRun]) -> dict[str, ScoredRun]:
    return {team: run for team, run in runs.items() if run.eligible}


def _check_fits(run: ScoredRun, first: ScoredRun, others: Mapping[str, ScoredRun]) -> None:
    if run.task is not first.task:
        raise EvaluatorError(f"{run.team} has a run of the {run.task} task, {first.team} of {first.task}. "
                             f"Compare runs of one task.")  # fmt: skip
    if run.scoring_version != first.scoring_version:
        raise EvaluatorError(
            f"{run.team} was scored by scoring version {run.scoring_version}, {first.team} by "
            f"{first.scoring_version}. Score both again with one evaluator."
        )
    if run.precision != first.precision:
        raise EvaluatorError(
            f"{run.team} was scored at precision {run.precision}, {first.team} at {first.precision}. "
            f"Write both runs with `mood-evaluate evidence --exact`, or both without."
        )
    if run.result.valid_share != first.result.valid_share:
        raise EvaluatorError(
            f"{run.team} needed a share of {run.result.valid_share:g} valid predictions, {first.team} "
            f"{first.result.valid_share:g}. Write both runs with the same --valid-share."
        )
    if run.team in others:
        raise EvaluatorError(f"{run.team} has two runs on {run.test_set}. Give the one that counts.")
    for other in others.values():
        if (other.test_set_digest, other.cases.keys()) != (run.test_set_digest, run.cases.keys()):
            raise EvaluatorError(
                f"{run.team} and {other.team} were scored on different forms of {run.test_set}. "
                f"Score both on the same one."
            )
        if [one.digest for one in other.batchings] != [one.digest for one in run.batchings]:
            raise EvaluatorError(
                f"{run.team} and {other.team} were scored in different batches of {run.test_set}. "
                f"Write both runs with the same --batch-size and --seed."
            )
        if _least_volume(other) != _least_volume(run):
            raise EvaluatorError(
                f"{run.team} and {other.team} have object sensitivities of different least volumes on "
                f"{run.test_set}. Write both runs with the same --min-volume, or without it."
            )


def _least_volume(run: ScoredRun) -> float | None:
    return (
        run.sweep.min_volume if run.sweep is not None and run.ranking is Ranking.OBJECT_SENSITIVITY else None
    )
