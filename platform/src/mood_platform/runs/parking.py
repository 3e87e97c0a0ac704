"""Parks cases that we failed to run or to score, and brings them back: a parked case never ends its Run."""

from __future__ import annotations

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, KnownNode, Run
from mood_platform.queueing import ScoreCase, ScoreRun, SendMail
from mood_platform.runs.dropped import is_dropped
from mood_platform.terms import MailKind


def park(tx: Transaction, *, run: Run, case_run: CaseRun, reason: FailureReason | None) -> None:
    """It waits for a healthy Node or an organizer, all else of its Run goes on. Both rows are locked.

    A Case that counts for nobody is not waited for.
    """
    case_run.lease_until = None
    if run.held_since is None and is_dropped(tx, run=run, case_run=case_run):
        give_up_dropped(tx, run=run, case_run=case_run)
        return
    case_run.advance(CaseRunState.PARKED, now=tx.now, reason=reason)
    tell_once(tx, run=run)


def park_waiting(tx: Transaction, *, run: Run, reason: FailureReason | None = None) -> None:
    """Every case of it that has not begun; without a reason each keeps its own. The Run is locked."""
    waiting = select(CaseRun).where(CaseRun.run_id == run.id, CaseRun.state == CaseRunState.QUEUED)
    locked = waiting.order_by(CaseRun.id).with_for_update(key_share=True)
    for case_run in tx.session.scalars(locked.execution_options(populate_existing=True)):
        park(tx, run=run, case_run=case_run, reason=reason or case_run.reason)


def give_up_dropped(tx: Transaction, *, run: Run, case_run: CaseRun) -> None:
    """It ends without an outcome; what is left of its Run may be due now. Both rows are locked."""
    case_run.advance(CaseRunState.CANCELLED, now=tx.now)
    tx.enqueue(ScoreRun(run.id))


def tell_once(tx: Transaction, *, run: Run) -> None:
    """Organizers learn that a Run waits for them; not again before they have answered. It is locked."""
    if run.parked_told_at is None:
        run.parked_told_at = tx.now
        tx.enqueue(SendMail(MailKind.RUN_PARKED, run.id))


def unpark(tx: Transaction, *, case_run: CaseRun) -> None:
    """As if it had never failed: run once more, or, where its prediction is kept, scored once more."""
    scored = case_run.prediction_key is not None
    case_run.failed_on, case_run.scoring_attempt, case_run.lease_until = [], 0, None
    case_run.advance(CaseRunState.COLLECTED if scored else CaseRunState.QUEUED, now=tx.now)
    if scored:
        tx.enqueue(ScoreCase(case_run.id))


def queue_what_released_nodes_parked(tx: Transaction, *, run: Run) -> int:
    """Cases whose Node has left quarantine since: run once more by themselves, once. The Run is locked."""
    parked = lock_parked(tx, run=run)
    healed = [one for one in parked if one.resumed == 0 and _a_node_is_back(tx, one)]
    for case_run in healed:
        case_run.resumed += 1
        unpark(tx, case_run=case_run)
    if healed and len(healed) == len(parked):
        run.parked_told_at = None
    return len(healed)


def _a_node_is_back(tx: Transaction, case_run: CaseRun) -> bool:
    back = select(KnownNode.id).where(
        KnownNode.name.in_(case_run.failed_on), KnownNode.released_at > case_run.state_since
    )
    return tx.session.scalar(back) is not None


def lock_parked(tx: Transaction, *, run: Run) -> list[CaseRun]:
    """The parked cases of a Run that is locked already."""
    query = select(CaseRun).where(CaseRun.run_id == run.id, CaseRun.state == CaseRunState.PARKED)
    locked = query.order_by(CaseRun.id).with_for_update(key_share=True)
    return list(tx.session.scalars(locked.execution_options(populate_existing=True)))
