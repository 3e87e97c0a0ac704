"""Sends jobs by name through Celery; used by the API, the command line and the workers alike."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mood_platform.errors import Transient
from mood_platform.queueing import Job, Message, Queue
from mood_platform.settings import Settings
from mood_platform.worker.config import new_celery

log = logging.getLogger(__name__)

BROKER_AWAY = (OperationalError, RedisError)
RETRY = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}


class CeleryQueue:
    """What cannot be sent is logged, not raised: its cause is committed, and the sweeper will send it."""

    def __init__(self, settings: Settings) -> None:
        self._app: Celery = new_celery(settings)

    def send(self, message: Message) -> None:
        job, queue = message.JOB, message.queue
        try:
            if job is Job.WORK and self._length(queue) > 0:
                return  # this bell still hangs unanswered; whoever takes it looks at the database
            self._app.send_task(
                job, kwargs=message.arguments, queue=queue.value, retry=True, retry_policy=RETRY
            )
        except BROKER_AWAY as error:
            log.warning("Job %s was not sent, the sweeper will: %s", job, error)

    def waiting(self, queue: Queue) -> int:
        """Messages in the queue that no worker has taken."""
        try:
            return self._length(queue)
        except BROKER_AWAY as error:
            raise Transient(f"The broker does not answer: {error}.", remedy="It is asked again.") from error

    def _length(self, queue: Queue) -> int:
        with self._app.connection_for_write(connect_timeout=5) as connection:
            connection.ensure_connection(max_retries=2, interval_start=0, interval_step=0)
            channel: Any = connection.default_channel  # kombu's Redis channel, whose queues are lists
            return int(channel.client.llen(queue.value))
