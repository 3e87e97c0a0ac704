"""Jobs as types: what they say over the wire, and that the worker's jobs take exactly that."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mood_platform.queueing import (
    CheckImage,
    CollectImage,
    DrawReplicates,
    Job,
    Message,
    Queue,
    RemoveLeftovers,
    RescoreRun,
    ScoreCase,
    ScoreRun,
    SendMail,
    Work,
)
from mood_platform.settings import BrokerSettings, DatabaseSettings, Settings, StorageSettings
from mood_platform.terms import MailKind, Stage
from mood_platform.worker.app import create_celery

ONE = UUID(int=1)
MESSAGES = [
    (Work(Stage.TOY), "case.work", {"stage": "toy"}, Queue.TOY),
    (Work(Stage.ANALYSIS), "case.work", {"stage": "analysis"}, Queue.ANALYSIS),
    (CheckImage(ONE), "image.check", {"image_id": str(ONE)}, Queue.INTAKE),
    (ScoreCase(ONE), "case.score", {"case_run_id": str(ONE)}, Queue.EVALUATE),
    (ScoreRun(ONE), "run.score", {"run_id": str(ONE)}, Queue.EVALUATE),
    (RescoreRun(ONE), "run.rescore", {"run_scoring_id": str(ONE)}, Queue.EVALUATE),
    (DrawReplicates(ONE), "run.replicates", {"replicates_id": str(ONE)}, Queue.EVALUATE),
    (CollectImage("sha256:1"), "image.collect", {"digest": "sha256:1"}, Queue.RETENTION),
    (RemoveLeftovers(ONE), "run.remove_leftovers", {"run_id": str(ONE)}, Queue.RETENTION),
    (SendMail(MailKind.RUN_SCORED, ONE), "mail.send", {"kind": "run_scored", "run": str(ONE)}, Queue.MAIL),
    (
        SendMail(MailKind.IMAGE_LEAVES, ONE),
        "mail.send",
        {"kind": "image_leaves", "image": str(ONE)},
        Queue.MAIL,
    ),
]
BY_BEAT = {Job.SWEEP, Job.RETAIN}
"""Nobody else sends them, and they say nothing."""


@pytest.fixture(scope="module")
def jobs() -> Any:
    settings = Settings(
        database=DatabaseSettings(url="postgresql+psycopg://nobody@/nothing"),
        broker=BrokerSettings(url="redis+socket:///tmp/no-broker.sock"),
        storage=StorageSettings(root=Path("/nowhere")),
    )
    return create_celery(settings).tasks


@pytest.mark.parametrize(("message", "name", "arguments", "queue"), MESSAGES)
def test_over_the_wire_go_the_name_and_the_arguments_as_text(
    message: Message, name: str, arguments: dict[str, str], queue: Queue
) -> None:
    assert (message.JOB, message.arguments, message.queue) == (name, arguments, queue)


@pytest.mark.parametrize("message", [message for message, *_ in MESSAGES])
def test_each_job_takes_what_its_message_says(message: Message, jobs: Any) -> None:
    inspect.signature(jobs[message.JOB].run).bind(**message.arguments)


def test_every_job_but_those_of_beat_has_a_message() -> None:
    assert {message.JOB for message, *_ in MESSAGES} == set(Job) - BY_BEAT


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_is_read_as_it_was_sent(kind: MailKind) -> None:
    sent = SendMail(kind, ONE)
    assert SendMail.read(**sent.arguments) == sent
