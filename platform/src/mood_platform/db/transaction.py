"""One boundary commits: `transaction()` commits, then sends the jobs it collected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mood_platform.db.engine import Sessions
from mood_platform.queueing import JobQueue, Message


@dataclass(slots=True)
class Transaction:
    """A session, the transaction's one time stamp, and the jobs to send once it has committed."""

    session: Session
    now: datetime
    """Database clock, read once; every time compared in this transaction is this one."""
    jobs: list[Message] = field(default_factory=list)

    def enqueue(self, message: Message) -> None:
        self.jobs.append(message)


def database_now(session: Session) -> datetime:
    """The wall clock of the database (not the transaction's start, which locks may have delayed)."""
    moment = session.scalar(select(func.clock_timestamp()))
    assert isinstance(moment, datetime)
    return moment


@contextmanager
def transaction(sessions: Sessions, queue: JobQueue) -> Iterator[Transaction]:
    """Commit on success, then send; on an error roll back and send nothing (a crash between: the sweeper)."""
    with sessions() as session:
        tx = Transaction(session=session, now=database_now(session))
        with _commit(session):
            yield tx
    for message in tx.jobs:
        queue.send(message)


@contextmanager
def _commit(session: Session) -> Iterator[None]:
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    session.commit()
