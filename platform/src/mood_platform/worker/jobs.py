"""The jobs: each takes ids, builds nothing, decides nothing; the services do."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from celery import Celery

from mood_platform.models import Stage
from mood_platform.queueing import Job
from mood_platform.runs.due import exclusively
from mood_platform.runs.execute import work_once
from mood_platform.runs.reaper import reap
from mood_platform.runs.score_case import score_case
from mood_platform.runs.score_run import score_run
from mood_platform.runs.sweeper import sweep
from mood_platform.worker.world import World


def register_jobs(app: Celery, world: Callable[[], World]) -> None:
    """Under the names of `Job`; `world` gives the process its one world."""

    @app.task(name=Job.WORK)
    def work(stage: str) -> None:  # noqa: ARG001 - which bell it was is Celery's routing; the slot takes what comes first
        work_once(world().slot, stages=slot_stages(app))

    @app.task(name=Job.SCORE_CASE)
    def score_one_case(case_run_id: str) -> None:
        score_case(world().evaluation, case_run_id=UUID(case_run_id))

    @app.task(name=Job.SCORE_RUN)
    def score_one_run(run_id: str) -> None:
        score_run(world().evaluation, run_id=UUID(run_id))

    @app.task(name=Job.SWEEP)
    def sweep_runs() -> None:
        here = world()
        sweep(here.sessions, here.queue, max_attempts=here.node.max_attempts)

    @app.task(name=Job.REAP)
    def reap_node() -> None:
        here = world()
        reap(here.sessions, here.queue, here.runtime, instance=here.node.instance)


def slot_stages(app: Celery) -> frozenset[Stage]:
    """What this worker may run: the stages among the queues it was started with (-Q)."""
    return frozenset(Stage(name) for name in app.amqp.queues.consume_from if name in set(Stage))
