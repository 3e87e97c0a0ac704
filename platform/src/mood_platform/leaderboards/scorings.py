"""Which results of a Run count: those of the newest finished Rescoring that has it, else its first ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Misconfigured
from mood_platform.leaderboards.selection import Contender
from mood_platform.models import Challenge, Rescoring, RunScoring, ScoringState
from mood_platform.runs.dropped import Dropped
from mood_platform.runs.rescorings import rescorings_of


@dataclass(frozen=True, slots=True)
class CountingResults:
    """Keys of results by contender, and what they come from."""

    keys: dict[str, str]
    rescoring: int | None
    """Number of the Rescoring that was used; None while there is none."""
    running: Rescoring | None
    """One that is not over: what is published waits for it."""
    dropped: Dropped
    """What the results must have been made without."""


def find_counting_results(
    tx: Transaction, *, challenge: Challenge, task: Task, contenders: Sequence[Contender]
) -> CountingResults:
    """Proposals do not count; see `decided_at`."""
    every = rescorings_of(tx, challenge=challenge, task=task)
    rescorings = [row for row in every if row.decided_at is not None]
    running = next((row for row in rescorings if not _over(row)), None)
    newest = next((row for row in rescorings if _over(row)), None)
    keys = results_keys(contenders, newest)
    if newest is None:
        return CountingResults(keys, None, running, Dropped())
    return CountingResults(keys, newest.number, running, Dropped.read(newest))


def results_keys(contenders: Sequence[Contender], rescoring: Rescoring | None) -> dict[str, str]:
    """By contender; of Runs that are not in it their first results."""
    scorings = {scoring.run_id: scoring for scoring in rescoring.scorings} if rescoring else {}
    return {one.key: _results_key(one, scorings.get(one.run.id)) for one in contenders}


def newest_proposal(tx: Transaction, *, challenge: Challenge, task: Task) -> Rescoring | None:
    """To drop cases, which nothing was decided or scored after: an older one is out of date."""
    newest = next(iter(rescorings_of(tx, challenge=challenge, task=task)), None)
    return newest if newest is not None and newest.decided_at is None else None


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
