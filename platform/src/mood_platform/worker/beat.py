"""Rings for the sweeper regularly; a broker that is away costs a line in the log, and the next beat comes."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import ScheduleEntry, Scheduler, SchedulingError

log = logging.getLogger(__name__)


class CalmScheduler(Scheduler):
    """In memory: no file that a kill could damage."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            log.warning("A beat is lost: %s", error)
