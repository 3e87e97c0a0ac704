"""The job queue as a port: the jobs, their queues, and a type for the arguments of each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Protocol
from uuid import UUID

from mood_platform.terms import MailKind, Stage


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


@dataclass(frozen=True, slots=True)
class Message:
    """A job with its arguments. Over the wire go its name, and each argument as text under its own name."""

    JOB: ClassVar[Job]

    @property
    def arguments(self) -> dict[str, str]:
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @property
    def queue(self) -> Queue:
        return queue_of(self.JOB, self.arguments)


@dataclass(frozen=True, slots=True)
class Work(Message):
    """A bell: whoever hears it looks at the database, which says what comes first."""

    JOB = Job.WORK
    stage: Stage


@dataclass(frozen=True, slots=True)
class CheckImage(Message):
    JOB = Job.CHECK_IMAGE
    image_id: UUID


@dataclass(frozen=True, slots=True)
class ScoreCase(Message):
    JOB = Job.SCORE_CASE
    case_run_id: UUID


@dataclass(frozen=True, slots=True)
class ScoreRun(Message):
    JOB = Job.SCORE_RUN
    run_id: UUID


@dataclass(frozen=True, slots=True)
class RescoreRun(Message):
    JOB = Job.RESCORE_RUN
    run_scoring_id: UUID


@dataclass(frozen=True, slots=True)
class DrawReplicates(Message):
    JOB = Job.DRAW_REPLICATES
    replicates_id: UUID


@dataclass(frozen=True, slots=True)
class CollectImage(Message):
    JOB = Job.COLLECT_IMAGE
    digest: str


@dataclass(frozen=True, slots=True)
class RemoveLeftovers(Message):
    JOB = Job.REMOVE_LEFTOVERS
    run_id: UUID


@dataclass(frozen=True, slots=True)
class SendMail(Message):
    """The kind says what `about` is the id of, and under which name it goes over the wire."""

    JOB = Job.SEND_MAIL
    kind: MailKind
    about: UUID

    @property
    def arguments(self) -> dict[str, str]:
        return {"kind": self.kind.value, self.kind.about: str(self.about)}

    @classmethod
    def read(cls, kind: str, **about: str) -> SendMail:
        """What `arguments` gave."""
        chosen = MailKind(kind)
        return cls(chosen, UUID(about[chosen.about]))


class JobQueue(Protocol):
    """Sends jobs, and knows how many messages of a queue nobody has taken yet."""

    def send(self, message: Message) -> None: ...

    def waiting(self, queue: Queue) -> int: ...
