"""Puts right what died: lost leases, lost messages, Runs that nobody finished. Touches only the database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import SCORING_VERSION
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.failures import FailureReason
from mood_platform.models import (
    CaseRun,
    CaseRunState,
    Image,
    ImageState,
    Replicates,
    Run,
    RunScoring,
    ScoringState,
)
from mood_platform.queueing import (
    CheckImage,
    DrawReplicates,
    JobQueue,
    Queue,
    RescoreRun,
    ScoreCase,
    ScoreRun,
)
from mood_platform.runs.checked import waits_for_check
from mood_platform.runs.due import due_runs
from mood_platform.runs.endings import lock_case, lock_run, release
from mood_platform.runs.parking import queue_what_released_nodes_parked
from mood_platform.runs.replicates_orders import order_missing
from mood_platform.runs.schedule import ring_for_waiting_work
from mood_platform.runs.telling import tell_ends

STALE_SECONDS = 30.0
"""After this long without a step a message is taken for lost, provided that its queue is empty."""


def sweep(sessions: Sessions, queue: JobQueue, *, max_attempts: int) -> int:
    """One sweep; gives the number of leases that were lost. Sweeping twice changes nothing more."""
    with transaction(sessions, queue) as tx:
        expired = select(CaseRun.id, CaseRun.run_id).where(
            CaseRun.state == CaseRunState.RUNNING, CaseRun.lease_until < tx.now
        )
        found = tx.session.execute(expired).all()
    lost = sum(_release_lost(sessions, queue, case, run, max_attempts) for case, run in found)
    _queue_what_healed(sessions, queue)
    with transaction(sessions, queue) as tx:
        ring_for_waiting_work(tx)
        tell_ends(tx)
        order_missing(tx)
        if queue.waiting(Queue.EVALUATE) == 0:
            _ring_for_lost_scoring(tx)
            _ring_for_lost_replicates(tx, max_attempts=max_attempts)
        if queue.waiting(Queue.INTAKE) == 0:
            _ring_for_lost_images(tx)
    return lost


def _release_lost(
    sessions: Sessions, queue: JobQueue, case_id: UUID, run_id: UUID, max_attempts: int
) -> bool:
    """One short transaction per lost case: a heartbeat that comes just in time keeps it."""
    with transaction(sessions, queue) as tx:
        run = lock_run(tx, run_id)
        lapsed = (CaseRun.state == CaseRunState.RUNNING, CaseRun.lease_until < tx.now)
        case_run = lock_case(tx, CaseRun.id == case_id, *lapsed)
        if run is None or case_run is None:
            return False
        reason = FailureReason.LOST_LEASE
        release(tx, run=run, case_run=case_run, reason=reason, max_attempts=max_attempts, ran=True)
        return True


def _queue_what_healed(sessions: Sessions, queue: JobQueue) -> None:
    """One short transaction for each Run with parked cases that is not held."""
    with transaction(sessions, queue) as tx:
        parked = select(CaseRun.run_id).where(CaseRun.state == CaseRunState.PARKED, CaseRun.resumed == 0)
        run_ids = tx.session.scalars(parked.distinct()).all()
    for run_id in run_ids:
        with transaction(sessions, queue) as tx:
            run = lock_run(tx, run_id)
            if run is not None and run.state.live and run.held_since is None:
                queue_what_released_nodes_parked(tx, run=run)


def _ring_for_lost_scoring(tx: Transaction) -> None:
    """Predictions nobody scored, Runs nobody finished, Runs nobody scored again."""
    stale = tx.now - timedelta(seconds=STALE_SECONDS)
    collected = select(CaseRun.id).where(CaseRun.state == CaseRunState.COLLECTED, CaseRun.state_since < stale)
    for case_run_id in tx.session.scalars(collected):
        tx.enqueue(ScoreCase(case_run_id))
    for run_id in tx.session.scalars(due_runs().where(Run.state_since < stale)):
        tx.enqueue(ScoreRun(run_id))
    waiting = select(RunScoring.id).where(
        RunScoring.state == ScoringState.QUEUED, RunScoring.state_since < stale
    )
    for scoring_id in tx.session.scalars(waiting):
        tx.enqueue(RescoreRun(scoring_id))


def _ring_for_lost_replicates(tx: Transaction, *, max_attempts: int) -> None:
    """Ordered, and nobody made them; and those from before, which nobody looked at again."""
    lost = select(Replicates.id).where(
        ~Replicates.weighed,
        Replicates.scoring_version == SCORING_VERSION,
        Replicates.attempt < max_attempts,
        Replicates.since < tx.now - timedelta(seconds=STALE_SECONDS),
    )
    for replicates_id in tx.session.scalars(lost):
        tx.enqueue(DrawReplicates(replicates_id))


def _ring_for_lost_images(tx: Transaction) -> None:
    """Images handed in that nobody checks, and those that a Run waits for since the check has changed."""
    stale = tx.now - timedelta(seconds=STALE_SECONDS)
    unchecked = select(Image.id).where(
        Image.state.in_((ImageState.RECEIVED, ImageState.CHECKING)), Image.created_at < stale
    )
    for image_id in {*tx.session.scalars(unchecked), *tx.session.scalars(waits_for_check())}:
        tx.enqueue(CheckImage(image_id))
