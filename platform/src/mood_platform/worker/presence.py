"""A slot's thread that says it is there while no bell rings, and ends a quarantine when the test passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from threading import Event, Thread

from mood_platform.db.outages import outages_told
from mood_platform.models import Stage
from mood_platform.nodes.attendance import Slot, attend

log = logging.getLogger(__name__)


def start_presence(slot: Callable[[], Slot], stages: Collection[Stage]) -> None:
    """For the life of this process; the slot is built in the thread, which nobody waits for."""
    Thread(target=_be_there, args=(slot, stages, Event()), name="presence", daemon=True).start()


def _be_there(slot: Callable[[], Slot], stages: Collection[Stage], ended: Event) -> None:
    here = slot()
    while True:
        with outages_told("A sign of life"):
            show(here, stages)
        if ended.wait(here.node.heartbeat_seconds):
            return


def show(slot: Slot, stages: Collection[Stage]) -> None:
    """Once. While a case runs here its heartbeat says the same, and no test may disturb it."""
    if slot.turn.acquire(blocking=False):
        try:
            attend(slot, stages=stages)
        finally:
            slot.turn.release()
