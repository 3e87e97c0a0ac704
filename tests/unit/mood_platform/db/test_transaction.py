"""One boundary commits; jobs leave only after the commit, in order, and never after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from mood_platform.db.transaction import transaction
from mood_platform.queueing import Job, Message

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class FakeSession:
    """Notes what happens to it; commits may be told to fail."""

    def __init__(self, events: list[str], *, broken: bool = False) -> None:
        self.events, self.broken = events, broken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.events.append("close")

    def scalar(self, _: object) -> datetime:
        return NOW

    def commit(self) -> None:
        if self.broken:
            raise RuntimeError("the database went away")
        self.events.append("commit")

    def rollback(self) -> None:
        self.events.append("rollback")


@dataclass(frozen=True)
class Ordered(Message):
    """A job of this test."""

    JOB = Job.SWEEP
    name: str


class Sender:
    def __init__(self, events: list[str]) -> None:
        self.events = events

    def send(self, message: Message) -> None:
        self.events.append(f"{message.JOB} {message.arguments}")


def open_with(events: list[str], **options: Any) -> Any:
    return transaction(lambda: FakeSession(events, **options), Sender(events))  # type: ignore[arg-type]


def test_jobs_leave_after_the_commit_in_order() -> None:
    events: list[str] = []
    with open_with(events) as tx:
        tx.enqueue(Ordered("a"))
        tx.enqueue(Ordered("b"))
        assert tx.now == NOW
    assert events == ["commit", "close", "runs.sweep {'name': 'a'}", "runs.sweep {'name': 'b'}"]


def test_an_error_inside_rolls_back_and_sends_nothing() -> None:
    events: list[str] = []

    def fail() -> None:
        with open_with(events) as tx:
            tx.enqueue(Ordered("a"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert events == ["rollback", "close"]


def test_a_commit_that_fails_sends_nothing() -> None:
    events: list[str] = []
    with pytest.raises(RuntimeError, match="went away"), open_with(events, broken=True) as tx:
        tx.enqueue(Ordered("a"))
    assert events == ["close"]
