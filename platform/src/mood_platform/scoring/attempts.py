"""Counts every begin of scoring before its work: what fails always, or kills its worker, is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import update

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, Run
from mood_platform.queueing import JobQueue
from mood_platform.runs.parking import park, tell_once

OUTAGE = timedelta(hours=1)
"""For this long after a step fell due, a store that refuses costs it no attempt."""


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


@contextmanager
def forgiving_outages(sessions: Sessions, queue: JobQueue, subject: Run | CaseRun) -> Iterator[None]:
    """A full disk or a store that is away says nothing about the subject: its attempt is given back."""
    try:
        yield
    except OSError:
        with transaction(sessions, queue) as tx:
            _give_back(tx, subject)
        raise


def _give_back(tx: Transaction, subject: Run | CaseRun) -> None:
    rows = type(subject)
    still = (rows.id == subject.id, rows.scoring_attempt > 0, rows.state_since > tx.now - OUTAGE)
    tx.session.execute(update(rows).where(*still).values(scoring_attempt=rows.scoring_attempt - 1))
