"""When a team is told of its hidden cases: on the platform's clock, so that no container speaks by its speed.

Progress moves, a Run ends and its mail leaves at …:00, …:10, …:20 and so on. Toy cases are live, and so is
everything of a Run whose test sets hide nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.models import Run, RunState, Stage, Submission, SubmissionState
from mood_platform.queueing import SendMail
from mood_platform.terms import MailKind

EVERY = timedelta(minutes=10)
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def last_tick(now: datetime) -> datetime:
    """The newest moment at which something was told, `now` included."""
    return now - (now - ORIGIN) % EVERY


def told_at(moment: datetime) -> datetime:
    """When what happens at `moment` is told: at once if that is a tick, else at the next one."""
    return moment + (ORIGIN - moment) % EVERY


def next_tick(now: datetime) -> datetime:
    """The first one after `now`."""
    return last_tick(now) + EVERY


def is_live(run: Run) -> bool:
    """Told at once: it runs, or ended, on toy cases alone, or its test sets hide nothing."""
    return run.told_live or run.stage is Stage.TOY or run.toy_reported_at is None


def tell_ends(tx: Transaction) -> int:
    """Send the mails of scored Runs whose moment has come; gives their number. May be repeated."""
    query = (
        select(Run)
        .join(Submission, Run.submission_id == Submission.id)
        .where(
            Run.state == RunState.SCORED,
            Run.stage == Stage.CHALLENGE,
            Run.told_at.is_(None),
            Submission.state != SubmissionState.WITHDRAWN,
        )
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    ended = [run for run in tx.session.scalars(query) if tell_end(tx, run)]
    return len(ended)


def tell_end(tx: Transaction, run: Run) -> bool:
    """Mail the end of a scored challenge Run, unless its moment is yet to come. The Run is locked."""
    if not is_live(run) and told_at(run.state_since) > tx.now:
        return False
    run.told_at = tx.now
    tx.enqueue(SendMail(MailKind.RUN_SCORED, run.id))
    return True
