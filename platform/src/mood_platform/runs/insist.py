"""Waits for a database that is away, where what it would record is worth the wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 300.0
Recorded = TypeVar("Recorded")


def insist(record: Callable[[], Recorded]) -> Recorded:
    """Try again while the database does not answer. `record` may run twice: its answer may have been lost."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return record()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            log.warning("The database does not answer; the result is recorded when it does.")
            time.sleep(1)
