"""Counts every begin of scoring before its work: what fails always, or kills its worker, is asked about."""

from __future__ import annotations

from mood_platform.db.transaction import Transaction
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, Run
from mood_platform.runs.parking import park, tell_once


def begin_attempt(tx: Transaction, *, run: Run, subject: Run | CaseRun, max_attempts: int) -> bool:
    """Count a begin; False: there were too many, and organizers are asked. Both rows are locked.

    A case is parked; a step of a Run stays due, and the Run waits with it. Neither ends the Run.
    """
    if subject.scoring_attempt < max_attempts:
        subject.scoring_attempt += 1
        return True
    if isinstance(subject, CaseRun):
        park(tx, run=run, case_run=subject, reason=FailureReason.NOT_SCORED)
    elif run.state.live:
        tell_once(tx, run=run)
    return False
