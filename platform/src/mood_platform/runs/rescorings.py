"""Decides that all scored Runs of a Task are scored again, from predictions that were kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from mood_evaluator import SCORING_VERSION, Dataset, Manifest, Task, __version__
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import require_reason
from mood_platform.challenges.locking import lock_rules_alone
from mood_platform.challenges.queries import cases_of, stage_test_sets
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.models import (
    Case,
    CaseRun,
    CaseRunState,
    Challenge,
    Rescoring,
    Run,
    RunScoring,
    RunState,
    ScoringState,
    Stage,
    Submission,
    TestSet,
)
from mood_platform.queueing import RescoreRun
from mood_platform.runs.dropped import Dropped, read_dropped
from mood_platform.runs.queries import case_runs_of
from mood_platform.storage.store import ObjectStore

NAMED = 5
"""A refusal names this many cases, and how many more there are."""
RERUN = (
    "Run the submissions again with `mood admin rerun` and void the old runs, or correct the test set so "
    "that it keeps the scans that were run."
)


def start_rescoring(
    tx: Transaction, *, challenge: Challenge, task: Task, reason: str, actor: str, store: ObjectStore
) -> Rescoring:
    """Queue every scored Run for the newest test sets and this evaluator; what exists stays as it is.

    What is dropped stays dropped, as long as the test sets have it.
    """
    reason = require_reason("challenge.rescore", reason)
    lock_rules_alone(tx, challenge_id=challenge.id)
    dropped = read_dropped(tx, challenge_id=challenge.id, task=task)
    order = Order(challenge, task, actor, dropped, store)
    row = order_rescoring(tx, order=order, reason=reason, decided=True)
    number, runs = row.number, len(row.scorings)
    data = {"task": str(task), "number": number, "runs": runs, "test_sets": row.test_sets}
    audit(
        tx,
        actor=actor,
        action="challenge.rescore",
        subject=subject_of("challenge", challenge),
        reason=reason,
        data=data,
    )
    return row


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be scored again, and for whom."""

    challenge: Challenge
    task: Task
    actor: str
    dropped: Dropped
    store: ObjectStore
    unfinished: Sequence[Run] = ()
    """Runs that have no other open Case than dropped ones: they are scored with the scored ones."""


def order_rescoring(tx: Transaction, *, order: Order, reason: str, decided: bool) -> Rescoring:
    """Have the Runs scored again; the Challenge is locked. `decided`: boards use it once it is over."""
    _check_none_live(tx, order.challenge, order.task)
    targets = rescoring_targets(tx, challenge=order.challenge)
    runs = [*_scored_runs(tx, order), *order.unfinished]
    _check_predictions(tx, runs, targets, order)
    row = Rescoring(
        challenge_id=order.challenge.id,
        task=order.task,
        number=_next_number(tx, order.challenge, order.task),
        reason=reason,
        actor=order.actor,
        created_at=tx.now,
        evaluator=__version__,
        scoring_version=SCORING_VERSION,
        test_sets={str(dataset): str(test_set.id) for dataset, test_set in targets.items()},
        dropped=_kept_in(targets, order.dropped),
        decided_at=tx.now if decided else None,
        decided_by=order.actor if decided else "",
        scorings=[
            RunScoring(run_id=run.id, state=ScoringState.QUEUED, state_since=tx.now, attempt=0, problem="")
            for run in runs
        ],
    )
    tx.session.add(row)
    tx.session.flush()
    for scoring in row.scorings:
        tx.enqueue(RescoreRun(scoring.id))
    return row


def rescoring_targets(tx: Transaction, *, challenge: Challenge) -> dict[Dataset, TestSet]:
    """The newest version of each test set that Runs are scored again on."""
    return {dataset: sets[0] for dataset, sets in stage_test_sets(tx, challenge, Stage.CHALLENGE).items()}


def _kept_in(targets: Mapping[Dataset, TestSet], dropped: Dropped) -> dict[str, dict[str, str]]:
    """A corrected test set may have lost a dropped case for good."""
    manifests = {dataset: Manifest.from_json(row.manifest) for dataset, row in targets.items()}
    known = {dataset: {case.id for case in manifest.cases} for dataset, manifest in manifests.items()}
    return {
        str(dataset): {one: why for one, why in dropped.of(dataset).items() if one in ids}
        for dataset, ids in known.items()
    }


def rescorings_of(tx: Transaction, *, challenge: Challenge, task: Task | None = None) -> Sequence[Rescoring]:
    """Newest first, with their scorings, Runs, Submissions and Teams."""
    query = select(Rescoring).where(Rescoring.challenge_id == challenge.id)
    if task is not None:
        query = query.where(Rescoring.task == task)
    run = selectinload(Rescoring.scorings).joinedload(RunScoring.run)
    team = run.joinedload(Run.submission).joinedload(Submission.team)
    newest_first = query.order_by(Rescoring.created_at.desc(), Rescoring.task, Rescoring.number.desc())
    return tx.session.scalars(newest_first.options(team)).all()


def _check_none_live(tx: Transaction, challenge: Challenge, task: Task) -> None:
    live = any(
        scoring.state is ScoringState.QUEUED
        for row in rescorings_of(tx, challenge=challenge, task=task)
        for scoring in row.scorings
    )
    if live:
        raise Conflict(
            f"A rescoring of the {task} task is not over.",
            remedy="Wait for it: mood admin rescorings --watch.",
        )


def scored_runs(tx: Transaction, *, challenge: Challenge, task: Task) -> Sequence[Run]:
    """Of challenge Submissions, those that executed what they show and are not void; with their Teams."""
    query = (
        select(Run)
        .join(Submission, Run.submission_id == Submission.id)
        .where(
            Submission.challenge_id == challenge.id,
            Submission.task == task,
            Run.stage == Stage.CHALLENGE,
            Run.state == RunState.SCORED,
            Run.voided_at.is_(None),
            Run.results_of.is_(None),
        )
        .order_by(Run.created_at, Run.id)
    )
    return tx.session.scalars(query.options(joinedload(Run.submission).joinedload(Submission.team))).all()


def _scored_runs(tx: Transaction, order: Order) -> Sequence[Run]:
    runs = scored_runs(tx, challenge=order.challenge, task=order.task)
    if not runs and not order.unfinished:
        raise Conflict(
            f"No run of the {order.task} task is scored.", remedy="New runs use the newest test sets anyway."
        )
    return runs


def _next_number(tx: Transaction, challenge: Challenge, task: Task) -> int:
    highest = select(func.max(Rescoring.number)).where(
        Rescoring.challenge_id == challenge.id, Rescoring.task == task
    )
    return (tx.session.scalar(highest) or 0) + 1


def _check_predictions(
    tx: Transaction, runs: Iterable[Run], targets: Mapping[Dataset, TestSet], order: Order
) -> None:
    """Every case that counts must have been run, on this very scan, and what came out must still be there."""
    wanted = [
        (dataset, case)
        for dataset, test_set in targets.items()
        for case in cases_of(tx, test_set=test_set, task=order.task)
        if case.case_id not in order.dropped.of(dataset)
    ]
    problems: dict[str, None] = {}
    for run in runs:
        if run.predictions_removed_at is not None:
            problems[_told(run)] = None
            continue
        made = main_cases(case_runs_of(tx, run=run))
        name = f"{run.submission.team.handle} #{run.submission.number}"
        problems |= dict.fromkeys(_find_problems(name, wanted, made, order.store))
    if problems:
        more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        raise Conflict(
            f"A rescoring needs predictions that are not there: {'; '.join([*problems][:NAMED])}{more}.",
            remedy=RERUN,
        )


def _told(run: Run) -> str:
    name = f"{run.submission.team.handle} #{run.submission.number}"
    assert run.predictions_removed_at is not None, "the caller looked"
    return f"the predictions of {name} were removed at {rfc3339(run.predictions_removed_at)} by retention"


def _find_problems(
    run: str,
    wanted: Iterable[tuple[Dataset, Case]],
    made: Mapping[tuple[Dataset, str], CaseRun],
    store: ObjectStore,
) -> Iterator[str]:
    for dataset, case in wanted:
        case_run = made.get((dataset, case.case_id))
        if case_run is None:
            yield f"{dataset} case {case.case_id} was added after {run} had run"
        elif case_run.state is CaseRunState.CANCELLED:
            yield f"{dataset} case {case.case_id} was dropped before {run} could run it"
        elif case_run.case.image_sha256 != case.image_sha256:
            yield f"{dataset} case {case.case_id} has another scan than the one {run} was given"
        elif case_run.prediction_key is not None and not store.exists(case_run.prediction_key):
            yield f"{dataset} case {case.case_id}: the prediction of {run} is not kept any more"


def main_cases(case_runs: Iterable[CaseRun]) -> dict[tuple[Dataset, str], CaseRun]:
    """The hidden ones of a Run, by Dataset and the manifest's id."""
    return {(one.dataset, one.case.case_id): one for one in case_runs if not one.toy}


def lock_scoring(tx: Transaction, *, scoring_id: UUID) -> RunScoring | None:
    """One that still waits, locked; None when it is over."""
    query = select(RunScoring).where(RunScoring.id == scoring_id, RunScoring.state == ScoringState.QUEUED)
    return tx.session.scalar(query.with_for_update(key_share=True))
