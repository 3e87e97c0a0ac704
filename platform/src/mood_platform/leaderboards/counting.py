"""Which Runs count: for each Team, Task and stage one, and the analyses of the Submission that is ranked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.leaderboards.scorings import find_counting_results, results_keys
from mood_platform.leaderboards.selection import Contender, Standing, select_contenders
from mood_platform.models import Challenge, Run, RunState, Stage, Submission, SubmissionState
from mood_platform.runs.queries import counting_run


@dataclass(frozen=True, slots=True)
class CountingRun:
    """A Run, for whom it stands, and where its results are."""

    run: Run
    submission: Submission
    standing: Standing
    results_key: str


def counting_runs(tx: Transaction, *, challenge: Challenge) -> list[CountingRun]:
    """By Task: those of the leaderboard as it would be drafted now, their analyses, then toy Runs."""
    return [one for task in Task for one in (*_ranked(tx, challenge, task), *_toy(tx, challenge, task))]


def _ranked(tx: Transaction, challenge: Challenge, task: Task) -> Iterator[CountingRun]:
    contenders = select_contenders(tx, challenge=challenge, task=task)
    keys = _results_keys(tx, challenge, task, contenders)
    for one in contenders:
        yield CountingRun(one.run, one.submission, one.standing, keys[one.key])
        yield from _analyses(tx, one)


def _results_keys(
    tx: Transaction, challenge: Challenge, task: Task, contenders: Sequence[Contender]
) -> dict[str, str]:
    """By contender. Where a Run could not be scored again, which holds up a draft, their first results."""
    try:
        return find_counting_results(tx, challenge=challenge, task=task, contenders=contenders).keys
    except Conflict:
        return results_keys(contenders, None)


def _analyses(tx: Transaction, contender: Contender) -> Iterator[CountingRun]:
    query = select(Run).where(
        Run.submission_id == contender.submission.id,
        Run.stage == Stage.ANALYSIS,
        Run.state == RunState.SCORED,
        Run.voided_at.is_(None),
    )
    for run in tx.session.scalars(query.order_by(Run.number)):
        assert run.results_key is not None, "scored Runs have results"
        yield CountingRun(run, contender.submission, contender.standing, run.results_key)


def _toy(tx: Transaction, challenge: Challenge, task: Task) -> Iterator[CountingRun]:
    """The newest Submission of each Team to the toy stage that has a scored Run."""
    query = select(Submission).where(
        Submission.challenge_id == challenge.id,
        Submission.task == task,
        Submission.stage == Stage.TOY,
        Submission.state == SubmissionState.ACCEPTED,
    )
    newest = query.order_by(Submission.team_id, Submission.submitted_at.desc(), Submission.number.desc())
    found = tx.session.scalars(newest.options(selectinload(Submission.team))).all()
    for _, submissions in groupby(found, key=lambda row: row.team_id):
        for submission in submissions:
            run = counting_run(tx, submission=submission)
            if run is not None and run.results_key is not None:
                standing = Standing.REFERENCE if submission.team.reference else Standing.RANKED
                yield CountingRun(run, submission, standing, run.results_key)
                break
