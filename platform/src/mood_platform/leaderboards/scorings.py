"""Which results of a Run count: those of the newest finished Rescoring that has it, else its first ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Misconfigured
from mood_platform.leaderboards.selection import Contender
from mood_platform.models import Challenge, Rescoring, RunScoring, ScoringState
from mood_platform.runs.rescoring import rescorings_of


@dataclass(frozen=True, slots=True)
class CountingResults:
    """Keys of results by contender, and what they come from."""

    keys: dict[str, str]
    rescoring: int | None
    """Number of the Rescoring that was used; None while there is none."""
    running: Rescoring | None
    """One that is not over: what is published waits for it."""


def find_counting_results(
    tx: Transaction, *, challenge: Challenge, task: Task, contenders: Sequence[Contender]
) -> CountingResults:
    rescorings = rescorings_of(tx, challenge=challenge, task=task)
    running = next((row for row in rescorings if not _over(row)), None)
    newest = next((row for row in rescorings if _over(row)), None)
    scorings = {} if newest is None else {scoring.run_id: scoring for scoring in newest.scorings}
    keys = {one.key: _results_key(one, scorings.get(one.run.id)) for one in contenders}
    return CountingResults(keys, newest.number if newest else None, running)


def waiting_in(rescoring: Rescoring) -> list[RunScoring]:
    return [scoring for scoring in rescoring.scorings if scoring.state is ScoringState.QUEUED]


def _over(rescoring: Rescoring) -> bool:
    return not waiting_in(rescoring)


def _results_key(contender: Contender, scoring: RunScoring | None) -> str:
    name = f"{contender.key} #{contender.submission.number}"
    if scoring is not None and scoring.state is ScoringState.FAILED:
        raise Conflict(
            f"{name} could not be scored again: {scoring.problem}",
            remedy="Remove the cause and rescore again, or run the submission again and void the old run.",
        )
    key = contender.run.results_key if scoring is None else scoring.results_key
    if key is None:
        raise Misconfigured(f"The run of {name} is scored but has no results.", remedy="Run it again.")
    return key
