"""The Celery application, told how to bear brokers that die, jobs that are long, workers that are killed."""

from __future__ import annotations

from celery import Celery
from celery.schedules import schedule

from mood_platform.queueing import QUEUE_OF, Job, Queue
from mood_platform.settings import Settings

GRACE_SECONDS = 900
"""The longest case plus this is the longest a message may be on its way."""
RETENTION_SECONDS = 3600.0
"""A daily round is asked for each hour: a beat that starts anew forgets when it rang last."""


def new_celery(settings: Settings) -> Celery:
    """Without jobs: enough to send by name."""
    app = Celery("mood_platform", broker=settings.broker.url.get_secret_value(), set_as_current=False)
    app.conf.update(**_reliability(settings), **_routing(), beat_schedule=_beat_schedule(settings))
    return app


def _reliability(settings: Settings) -> dict[str, object]:
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        # A worker that reconnects would otherwise take fewer messages than it has slots: none, with one slot.
        "worker_enable_prefetch_count_reduction": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": settings.execution.case_seconds_max + GRACE_SECONDS,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "health_check_interval": 10,
        },
        "beat_scheduler": "mood_platform.worker.beat:CalmScheduler",
    }


def _routing() -> dict[str, object]:
    return {
        "task_default_queue": Queue.EVALUATE.value,
        "task_create_missing_queues": True,
        "task_routes": {job.value: {"queue": queue.value} for job, queue in QUEUE_OF.items()},
    }


def _beat_schedule(settings: Settings) -> dict[str, object]:
    """A beat nobody could take before the next one is dropped."""
    every = {Job.SWEEP: settings.execution.sweep_seconds, Job.RETAIN: RETENTION_SECONDS}
    return {
        job.value: {
            "task": job.value,
            "schedule": schedule(seconds),
            "options": {"queue": QUEUE_OF[job].value, "expires": seconds},
        }
        for job, seconds in every.items()
    }
