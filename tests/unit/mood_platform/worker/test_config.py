"""What Celery is told: late acknowledgement, one message at a time, and no second run of a long case."""

from __future__ import annotations

from pathlib import Path

import pytest

from mood_platform.queueing import QUEUE_OF, Job, Queue
from mood_platform.settings import (
    BrokerSettings,
    DatabaseSettings,
    ExecutionSettings,
    Settings,
    StorageSettings,
)
from mood_platform.worker.config import new_celery


@pytest.fixture
def settings() -> Settings:
    return Settings(
        database=DatabaseSettings(url="postgresql+psycopg://nobody@/nothing"),
        broker=BrokerSettings(url="redis+socket:///tmp/no-broker.sock"),
        storage=StorageSettings(root=Path("/nowhere")),
        execution=ExecutionSettings(case_seconds_max=600, sweep_seconds=7),
    )


def test_a_message_outlives_the_longest_case_by_a_quarter_of_an_hour(settings: Settings) -> None:
    assert new_celery(settings).conf.broker_transport_options["visibility_timeout"] == 1500


def test_a_killed_worker_gives_its_message_back_and_takes_one_at_a_time(settings: Settings) -> None:
    conf = new_celery(settings).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert not conf.worker_enable_prefetch_count_reduction
    assert conf.task_ignore_result


def test_a_broker_that_is_away_is_waited_for_without_end(settings: Settings) -> None:
    conf = new_celery(settings).conf
    assert conf.broker_connection_retry_on_startup
    assert conf.broker_connection_max_retries is None


def test_only_json_travels(settings: Settings) -> None:
    conf = new_celery(settings).conf
    assert (conf.task_serializer, list(conf.accept_content)) == ("json", ["json"])


def test_every_job_has_its_queue(settings: Settings) -> None:
    routes = new_celery(settings).conf.task_routes
    assert routes == {job.value: {"queue": queue.value} for job, queue in QUEUE_OF.items()}
    assert set(QUEUE_OF) | {Job.WORK} == set(Job)


def test_the_sweeper_has_a_queue_of_its_own_and_a_beat_nobody_took_expires(settings: Settings) -> None:
    beat = new_celery(settings).conf.beat_schedule[Job.SWEEP]
    assert (beat["task"], beat["schedule"].run_every.total_seconds()) == ("runs.sweep", 7)
    assert beat["options"] == {"queue": "upkeep", "expires": 7}
    assert [job for job, queue in QUEUE_OF.items() if queue is Queue.UPKEEP] == [Job.SWEEP]


def test_retention_is_asked_for_each_hour_in_a_queue_that_delays_nothing_else(settings: Settings) -> None:
    beat = new_celery(settings).conf.beat_schedule[Job.RETAIN]
    assert beat["schedule"].run_every.total_seconds() == 3600
    assert beat["options"] == {"queue": "retention", "expires": 3600}
    jobs = {job for job, queue in QUEUE_OF.items() if queue is Queue.RETENTION}
    assert jobs == {Job.RETAIN, Job.COLLECT_IMAGE, Job.REMOVE_LEFTOVERS}


def test_nothing_but_bells_goes_to_the_queues_of_slots() -> None:
    assert not set(QUEUE_OF.values()) & {Queue.TOY, Queue.CHALLENGE, Queue.ANALYSIS}


def test_two_applications_do_not_share_their_settings(settings: Settings) -> None:
    first, second = new_celery(settings), new_celery(settings)
    first.conf.task_acks_late = False
    assert second.conf.task_acks_late
