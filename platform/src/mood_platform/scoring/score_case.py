"""Scores one collected prediction: validity, score, Evidence. Repeatable; never runs the container again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.db.outages import OUTAGES, forgiving_outages
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.failures import FailureReason
from mood_platform.insist import insist
from mood_platform.models import CaseRun, CaseRunState, Run, Submission
from mood_platform.queueing import JobQueue
from mood_platform.runs.due import exclusively, ring_if_due
from mood_platform.runs.endings import lock_case, lock_run
from mood_platform.scoring.attempts import begin_attempt
from mood_platform.scoring.case_files import ScoredCase
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.predictions import score_prediction, stored_case
from mood_platform.scoring.unforeseen import note_unforeseen
from mood_platform.storage.keys import evidence_key, positives_key
from mood_platform.storage.store import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the evaluate side works with: labels, no container engine."""

    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    limits: ChildLimits
    """Of the child that reads one prediction."""
    threads: int = 1
    """That read the predictions of a Run."""
    max_attempts: int = 3
    """How often a case's scoring, or a step of a Run's, is begun before organizers are asked."""


def score_case(evaluation: Evaluation, *, case_run_id: UUID) -> bool:
    """False when there was nothing (left) to score, or another process is at it."""
    with exclusively(evaluation.sessions, case_run_id) as alone:
        found = _begin(evaluation, case_run_id) if alone else None
        if found is None:
            return False
        case_run, task = found
        with forgiving_outages(
            evaluation.sessions, evaluation.queue, CaseRun.scoring_attempt, of=case_run_id
        ):
            scored = score_prediction(evaluation.store, evaluation.limits, stored_case(case_run, task))
            evidence = keep_evidence(evaluation.store, case_run, scored)
        done = insist(lambda: _record(evaluation, case_run, scored, evidence), on=OUTAGES)
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        ring_if_due(tx, run_id=case_run.run_id)
    return done


def keep_evidence(
    store: ObjectStore, case_run: CaseRun, scored: ScoredCase, *, rescoring: int | None = None
) -> str | None:
    """Store Evidence, that of a rescoring beside the first, and the scores of abnormal voxels with it."""
    if scored.evidence is None:
        return None
    key = evidence_key(case_run.run_id, case_run.id, case_run.claim_id, rescoring=rescoring)
    if scored.positives is not None:
        store.put_bytes(positives_key(key), scored.positives)
    elif scored.score.has_abnormal_voxels:
        log.info(
            "The abnormal voxels of %s have too many scores to store: its prediction is read once more", key
        )
    store.put_bytes(key, scored.evidence)
    return key


def _begin(evaluation: Evaluation, case_run_id: UUID) -> tuple[CaseRun, Task] | None:
    """Counted and committed before the work: a prediction that kills its reader counts too."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        collected = (CaseRun.id == case_run_id, CaseRun.state == CaseRunState.COLLECTED)
        run_id = tx.session.scalar(select(CaseRun.run_id).where(*collected))
        run = None if run_id is None else lock_run(tx, run_id)
        case_run = lock_case(tx, *collected)
        if run is None or case_run is None:
            return None
        if not begin_attempt(tx, run=run, subject=case_run, max_attempts=evaluation.max_attempts):
            return None
        return _with_task(tx, case_run_id)


def _with_task(tx: Transaction, case_run_id: UUID) -> tuple[CaseRun, Task]:
    query = (
        select(CaseRun, Submission.task)
        .join(Run, CaseRun.run_id == Run.id)
        .join(Submission, Run.submission_id == Submission.id)
        .where(CaseRun.id == case_run_id)
        .options(joinedload(CaseRun.case))
    )
    case_run, task = tx.session.execute(query).one()
    return case_run, task


def _record(evaluation: Evaluation, read: CaseRun, scored: ScoredCase, evidence: str | None) -> bool:
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        case_run = lock_case(tx, CaseRun.id == read.id, CaseRun.state == CaseRunState.COLLECTED)
        if case_run is None or case_run.claim_id != read.claim_id:
            return False
        case_run.score, case_run.evidence_key = scored.score.to_json(), evidence
        if scored.unforeseen is not None:
            note_unforeseen(tx, run_id=case_run.run_id, found={case_run.id: scored.unforeseen})
        case_run.flags = [*case_run.flags, *scored.score.flags]
        if scored.score.valid:
            case_run.advance(CaseRunState.SUCCEEDED, now=tx.now)
        else:
            case_run.advance(CaseRunState.OUTPUT_INVALID, now=tx.now, reason=FailureReason.OUTPUT_INVALID)
    return True
