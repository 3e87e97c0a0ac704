"""The job queue as a port: names of jobs, their queues, and what services may say to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Job(StrEnum):
    """Every job of the platform; the name is its Celery name."""

    CHECK_IMAGE = "image.check"
    WORK = "case.work"
    """Doorbell: claim and run the next CaseRun; carries no CaseRun."""
    SCORE_CASE = "case.score"
    SCORE_RUN = "run.score"
    RESCORE_RUN = "run.rescore"
    DRAW_REPLICATES = "run.replicates"
    SWEEP = "runs.sweep"
    RETAIN = "retention.round"
    COLLECT_IMAGE = "image.collect"
    """Delete an archive that no team keeps any more."""
    REMOVE_LEFTOVERS = "run.remove_leftovers"
    """Of a toy Run whose team has removed its image."""
    SEND_MAIL = "mail.send"


class Queue(StrEnum):
    """`toy`, `challenge` and `analysis` hold doorbells only: any other message would pass for one there."""

    TOY = "toy"
    CHALLENGE = "challenge"
    ANALYSIS = "analysis"
    INTAKE = "intake"
    EVALUATE = "evaluate"
    MAIL = "mail"
    RETENTION = "retention"
    """Removal may take hours, and is nobody's hurry."""
    UPKEEP = "upkeep"
    """The sweeper's own: it must not wait behind a scoring or a check that takes an hour."""


class JobQueue(Protocol):
    """Sends a job by name. Arguments are ids only; `WORK` is routed by its `stage`."""

    def send(self, job: str, arguments: dict[str, str]) -> None: ...


QUEUE_OF: dict[Job, Queue] = {
    Job.CHECK_IMAGE: Queue.INTAKE,
    Job.SCORE_CASE: Queue.EVALUATE,
    Job.SCORE_RUN: Queue.EVALUATE,
    Job.RESCORE_RUN: Queue.EVALUATE,
    Job.DRAW_REPLICATES: Queue.EVALUATE,
    Job.SWEEP: Queue.UPKEEP,
    Job.RETAIN: Queue.RETENTION,
    Job.COLLECT_IMAGE: Queue.RETENTION,
    Job.REMOVE_LEFTOVERS: Queue.RETENTION,
    Job.SEND_MAIL: Queue.MAIL,
}


def queue_of(job: Job, arguments: dict[str, str]) -> Queue:
    """The queue a job goes to: fixed per job, by stage for the doorbell."""
    return Queue(arguments["stage"]) if job is Job.WORK else QUEUE_OF[job]
