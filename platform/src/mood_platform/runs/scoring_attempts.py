"""Counts every begin of scoring before its work: what fails always, or kills its worker, has an end."""

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
from mood_platform.runs.endings import fail_run

OUTAGE = timedelta(hours=1)
"""For this long after a step fell due, a store that refuses costs it no attempt."""


def begin_attempt(tx: Transaction, *, run: Run, subject: Run | CaseRun, max_attempts: int) -> bool:
    """Count a begin; False: there were too many, and a live Run has failed. Both rows are locked."""
    if subject.scoring_attempt >= max_attempts:
        if run.state.live:
            fail_run(tx, run=run, reason=FailureReason.SCORING_FAILED)
        return False
    subject.scoring_attempt += 1
    return True


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
