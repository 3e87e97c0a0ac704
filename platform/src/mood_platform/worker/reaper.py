"""Keeps one node clean: `python -m mood_platform.worker.reaper`, one process for all slots of a node.

A process of its own: no case that runs for long delays it, and it needs no broker.
"""

from __future__ import annotations

import logging
import signal
from threading import Event

from mood_platform.db.outages import outages_told
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.reaper import reap
from mood_platform.settings import Settings
from mood_platform.worker.world import build_slot

log = logging.getLogger(__name__)


def keep_clean(slot: Slot, ended: Event, *, every_seconds: float) -> None:
    """At once, then regularly, until told to end."""
    node = slot.node
    while True:
        with outages_told("Reaping"):
            if dead := reap(slot.door, slot.runtime, instance=node.instance, cache=node.cache):
                log.info("Removed what %d dead claims had left.", dead)
        if ended.wait(every_seconds):
            return


def serve(slot: Slot, *, every_seconds: float) -> None:
    """Until SIGTERM or SIGINT."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s: %(levelname)s] %(message)s")
    keep_clean(slot, ended, every_seconds=every_seconds)


if __name__ == "__main__":
    settings = Settings.read()
    serve(build_slot(settings), every_seconds=settings.execution.reap_seconds)
