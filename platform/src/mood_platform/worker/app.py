"""Builds the Celery application of workers and beat."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from celery import Celery
from celery.signals import worker_ready

from mood_platform.queueing import QUEUE_OF, Job
from mood_platform.settings import Settings
from mood_platform.worker.config import new_celery
from mood_platform.worker.jobs import register_jobs, slot_stages
from mood_platform.worker.world import World, build_world


def create_celery(settings: Settings, *, build: Callable[[Settings], World] = build_world) -> Celery:
    """Jobs build their world when the first of them runs: after the fork, in the process that uses it."""
    app = new_celery(settings)
    register_jobs(app, cache(lambda: build(settings)))
    worker_ready.connect(lambda **_: _reap_at_start(app), weak=False)
    return app


def _reap_at_start(app: Celery) -> None:
    """A slot that comes back may find containers of the one that was killed; beat asks again later."""
    if slot_stages(app):
        app.send_task(Job.REAP.value, queue=QUEUE_OF[Job.REAP].value, expires=60)
