"""Builds the Celery application of workers and beat."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from celery import Celery

from mood_platform.settings import Settings
from mood_platform.worker.config import new_celery
from mood_platform.worker.jobs import register_jobs
from mood_platform.worker.world import World, build_world


def create_celery(settings: Settings, *, build: Callable[[Settings], World] = build_world) -> Celery:
    """Jobs build their world when the first of them runs: after the fork, in the process that uses it."""
    app = new_celery(settings)
    register_jobs(app, cache(lambda: build(settings)))
    return app
