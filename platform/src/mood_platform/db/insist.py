"""Waits for a database or a store that is away, where what it would record is worth the wait."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from mood_platform.insist import Recorded
from mood_platform.insist import insist as insist_on


def insist(record: Callable[[], Recorded]) -> Recorded:
    """Try again while database or store refuse. `record` may run twice: its answer may have been lost."""
    return insist_on(record, on=(OperationalError, OSError))
