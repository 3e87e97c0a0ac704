"""Builds the Celery application of workers and beat."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from celery import Celery
from celery.signals import worker_process_init

from mood_platform.nodes.attendance import Slot
from mood_platform.settings import Settings
from mood_platform.worker.config import new_celery
from mood_platform.worker.jobs import register_jobs, slot_stages
from mood_platform.worker.presence import start_presence
from mood_platform.worker.world import World, build_slot, build_world

T = TypeVar("T")


def create_celery(
    settings: Settings,
    *,
    world: Callable[[Settings], World] = build_world,
    slot: Callable[[Settings], Slot] = build_slot,
) -> Celery:
    """What jobs work with is built when the first of them runs: after the fork, in its process."""
    app = new_celery(settings)
    this_slot = once(lambda: slot(settings))
    register_jobs(app, once(lambda: world(settings)), this_slot)
    worker_process_init.connect(lambda **_: _show_slot(app, this_slot), weak=False)
    return app


def _show_slot(app: Celery, slot: Callable[[], Slot]) -> None:
    """In a worker's process, right after the fork; only a slot has something to show."""
    if stages := slot_stages(app):
        start_presence(slot, stages)


def once(build: Callable[[], T]) -> Callable[[], T]:
    """The first call builds; a thread that calls meanwhile waits and gets the same."""
    lock, built = Lock(), list[T]()

    def get() -> T:
        with lock:
            if not built:
                built.append(build())
        return built[0]

    return get
