"""Decides that cases count for nobody, with a reason that the board prints; and takes it back.

A case that we failed to run is never a zero, and never missing for one team alone.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.accounts.reasons import require_reason
from mood_platform.challenges.locking import lock_rules_alone
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Invalid, NotFound
from mood_platform.leaderboards.drop_proposal import require_parked, write_down
from mood_platform.leaderboards.drop_rules import WAIT
from mood_platform.leaderboards.scorings import newest_proposal, waiting_in
from mood_platform.models import LIVE, Case, Challenge, Rescoring, Run, ScoringState, Stage, Submission
from mood_platform.runs.dropped import Dropped, is_dropped, read_dropped
from mood_platform.runs.endings import lock_run
from mood_platform.runs.parking import give_up_dropped, lock_parked
from mood_platform.runs.rescorings import Order, order_rescoring, scored_runs
from mood_platform.storage.store import ObjectStore

AGAIN = "Propose it once more, and look at the draft: mood admin drop-case."


def decide_drop(
    tx: Transaction, *, challenge: Challenge, task: Task, number: int, reason: str, actor: str
) -> Rescoring:
    """What was proposed under this number holds for all Runs of the Task, those to come too.

    Runs that waited for these cases alone are scored.
    """
    reason = require_reason("case.drop", reason)
    lock_rules_alone(tx, challenge_id=challenge.id)
    row = _require_proposal(tx, challenge, task, number)
    _check_names_no_case(tx, row, reason)
    known, proposed = read_dropped(tx, challenge_id=challenge.id, task=task), Dropped.read(row)
    new = {one for ds, cases in proposed.reasons.items() for one in cases if one not in known.of(ds)}
    require_parked(tx, challenge=challenge, task=task, case_ids=new)
    live = _lock_live_runs(tx, challenge, task)
    _check_has_all(tx, challenge, task, row)
    row.dropped = {
        str(dataset): {one: known.of(dataset).get(one, reason) for one in cases}
        for dataset, cases in proposed.reasons.items()
    }
    row.reason, row.decided_at, row.decided_by = reason, tx.now, actor
    tx.session.flush()
    for run in live:
        _give_up(tx, run)
    write_down(tx, "case.drop", challenge=challenge, row=row, actor=actor, reason=reason)
    return row


def undo_drop(
    tx: Transaction,
    *,
    challenge: Challenge,
    task: Task,
    case_ids: Collection[str],
    reason: str,
    actor: str,
    store: ObjectStore,
) -> Rescoring:
    """These cases count again: all Runs are scored with them. Refused while a Run counts that lacks one."""
    reason = require_reason("case.undrop", reason)
    lock_rules_alone(tx, challenge_id=challenge.id)
    known = read_dropped(tx, challenge_id=challenge.id, task=task)
    unknown = set(case_ids) - {one for cases in known.reasons.values() for one in cases}
    if unknown or not case_ids:
        raise NotFound(
            f"The {task} task has no such dropped case: {', '.join(sorted(unknown)) or 'none is named'}.",
            remedy="mood admin rescorings says which are dropped.",
        )
    left = {
        dataset: {one: why for one, why in cases.items() if one not in case_ids}
        for dataset, cases in known.reasons.items()
    }
    order = Order(challenge, task, actor, Dropped(left), store)
    row = order_rescoring(tx, order=order, reason=reason, decided=True)
    write_down(tx, "case.undrop", challenge=challenge, row=row, actor=actor, reason=reason)
    return row


def _require_proposal(tx: Transaction, challenge: Challenge, task: Task, number: int) -> Rescoring:
    row = newest_proposal(tx, challenge=challenge, task=task)
    if row is None or row.number != number:
        raise Conflict(f"Rescoring {number} of the {task} task is no proposal to drop cases.", remedy=AGAIN)
    if waiting := len(waiting_in(row)):
        raise Conflict(
            f"The proposal is not scored yet: {waiting} of {len(row.scorings)} runs wait.",
            remedy="Wait for it, and look at the draft: mood admin draft.",
        )
    if failed := [one.problem for one in row.scorings if one.state is ScoringState.FAILED]:
        raise Conflict(f"Not every run could be scored without the cases: {failed[0]}", remedy=WAIT)
    return row


def _check_names_no_case(tx: Transaction, row: Rescoring, reason: str) -> None:
    """Everybody will read it."""
    hidden = select(Case.case_id).where(Case.test_set_id.in_([UUID(one) for one in row.test_sets.values()]))
    if any(case_id in reason for case_id in tx.session.scalars(hidden)):
        raise Invalid(
            "Field reason: it names a hidden case, and everybody reads it.",
            remedy="Write only why; how many cases are dropped is said anyway.",
        )


def _check_has_all(tx: Transaction, challenge: Challenge, task: Task, row: Rescoring) -> None:
    """A Run that was scored since the proposal has the cases in it, and nobody has compared it."""
    scored = {run.id for run in scored_runs(tx, challenge=challenge, task=task)}
    if scored - {one.run_id for one in row.scorings}:
        raise Conflict("A run was scored since this was proposed.", remedy=AGAIN)


def _lock_live_runs(tx: Transaction, challenge: Challenge, task: Task) -> list[Run]:
    """One after the other by id: a Run that ends now has ended before, or sees the decision."""
    mine = (Submission.challenge_id == challenge.id, Submission.task == task)
    query = select(Run.id).join(Submission).where(*mine, Run.stage == Stage.CHALLENGE, Run.state.in_(LIVE))
    locked = [lock_run(tx, one) for one in tx.session.scalars(query.order_by(Run.id)).all()]
    return [run for run in locked if run is not None and run.state.live]


def _give_up(tx: Transaction, run: Run) -> None:
    """What is parked of it and counts for nobody ends; a held Run waits for its own decision first."""
    if run.held_since is not None:
        return
    parked = lock_parked(tx, run=run)
    given_up = [one for one in parked if is_dropped(tx, run=run, case_run=one)]
    for case_run in given_up:
        give_up_dropped(tx, run=run, case_run=case_run)
    if given_up and len(given_up) == len(parked):
        run.parked_told_at = None
