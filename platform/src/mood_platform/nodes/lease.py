"""Keeps a claim alive from a thread while its container runs, and says when it is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from mood_platform.errors import Unreachable

log = logging.getLogger(__name__)


@contextmanager
def kept_alive(beat: Callable[[], bool], *, every_seconds: float) -> Iterator[Event]:
    """Calls `beat` regularly until the block ends; the event is set once a beat says that the claim is lost.

    A platform that does not answer is no loss: only its sweeper can give the case to another node.
    """
    lost, ended = Event(), Event()
    thread = Thread(
        target=_beat_until, args=(beat, every_seconds, lost, ended), name="heartbeat", daemon=True
    )
    thread.start()
    try:
        yield lost
    finally:
        ended.set()
        thread.join()


def _beat_until(beat: Callable[[], bool], every_seconds: float, lost: Event, ended: Event) -> None:
    while not ended.wait(every_seconds):
        try:
            if not beat():
                lost.set()
                return
        except Unreachable as error:
            log.warning("Heartbeat not delivered: %s", str(error).partition("\n")[0])
