"""Builds the Celery application of workers and beat."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from celery import Celery
from celery.signals import worker_process_init

from mood_platform.settings import Settings
from mood_platform.worker.config import new_celery
from mood_platform.worker.jobs import register_jobs, slot_stages
from mood_platform.worker.presence import start_presence
from mood_platform.worker.world import World, build_world


def create_celery(settings: Settings, *, build: Callable[[Settings], World] = build_world) -> Celery:
    """Jobs build their world when the first of them runs: after the fork, in the process that uses it."""
    app = new_celery(settings)
    world = once(lambda: build(settings))
    register_jobs(app, world)
    worker_process_init.connect(lambda **_: _show_slot(app, world), weak=False)
    return app


def _show_slot(app: Celery, world: Callable[[], World]) -> None:
    """In a worker's process, right after the fork; only a slot has something to show."""
    if stages := slot_stages(app):
        start_presence(world, stages)


def once(build: Callable[[], World]) -> Callable[[], World]:
    """The first call builds; a thread that calls meanwhile waits and gets the same."""
    lock, built = Lock(), list[World]()

    def get() -> World:
        with lock:
            if not built:
                built.append(build())
        return built[0]

    return get
