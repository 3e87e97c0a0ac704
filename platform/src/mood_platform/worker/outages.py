"""What a job that runs again by itself does about a database, broker or engine that is away: one line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from mood_platform.db.engine import is_crowded
from mood_platform.errors import Transient

log = logging.getLogger(__name__)

OUTAGES = (OperationalError, InterfaceError, BrokerError, RedisError, Transient, OSError)


@contextmanager
def outages_told(what: str) -> Iterator[None]:
    """The next bell, sweep or round comes anyway; nothing but its line in the log is owed to an outage."""
    try:
        yield
    except OUTAGES as error:
        if is_crowded(error):
            log.warning("%s is put off: the database takes no more connections; raise max_connections.", what)
            return
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.warning("%s is put off: %s", what, " ".join(str(cause).split()) or type(error).__name__)
