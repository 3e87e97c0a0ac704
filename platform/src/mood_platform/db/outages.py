"""What an outage is, and what is done about one: it is told in a line, and costs nobody an attempt."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import InstrumentedAttribute

from mood_platform.db.engine import Sessions, is_crowded
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.queueing import JobQueue

log = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""InternalError: a session that the database ended, such as that of a process that stood still."""
OUTAGES = (*DATABASE_AWAY, OSError)
"""The database or the store is away, or full. What else is away says so itself: Transient."""
FORGIVEN = timedelta(hours=1)
"""For this long after a step fell due, an outage costs it no attempt."""


@contextmanager
def outages_told(what: str) -> Iterator[None]:
    """For jobs that run again by themselves: nothing but a line in the log is owed to an outage."""
    try:
        yield
    except (*OUTAGES, Transient) as error:
        if is_crowded(error):
            log.warning("%s is put off: the database takes no more connections; raise max_connections.", what)
            return
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.warning("%s is put off: %s", what, " ".join(str(cause).split()) or type(error).__name__)


@contextmanager
def forgiving_outages(
    sessions: Sessions, queue: JobQueue, counter: InstrumentedAttribute[int], *, of: UUID
) -> Iterator[None]:
    """An outage says nothing about the row `of`: the attempt that its `counter` counted is given back."""
    try:
        yield
    except OUTAGES:
        rows = counter.class_
        with transaction(sessions, queue) as tx:
            still = (rows.id == of, counter > 0, rows.state_since > tx.now - FORGIVEN)
            tx.session.execute(update(rows).where(*still).values({counter: counter - 1}))
        raise
