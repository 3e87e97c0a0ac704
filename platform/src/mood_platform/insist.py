"""Waits for what is away, where what it would record is worth the wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 300.0
Recorded = TypeVar("Recorded")


def insist(record: Callable[[], Recorded], *, on: tuple[type[Exception], ...]) -> Recorded:
    """Try again while it raises one of `on`. `record` may run twice: its answer may have been lost."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return record()
        except on as error:
            if time.monotonic() > deadline:
                raise
            log.warning("A result waits to be recorded: %s", str(error).partition("\n")[0])
            time.sleep(1)
