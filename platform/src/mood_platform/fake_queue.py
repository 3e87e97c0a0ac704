"""A queue that keeps what it is given, and can hand it to functions in this very process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mood_platform.queueing import Job, Message, Queue, queue_of

Handlers = Mapping[Job, Callable[..., object]]


@dataclass(slots=True)
class FakeQueue:
    """Records jobs; like the real queue it drops a bell while the same one still hangs unanswered."""

    pending: list[tuple[Job, dict[str, str]]] = field(default_factory=list)
    sent: list[tuple[Job, dict[str, str]]] = field(default_factory=list)
    """Everything ever sent, taken or not."""

    def send(self, message: Message) -> None:
        entry = (message.JOB, message.arguments)
        if entry[0] is Job.WORK and entry in self.pending:
            return
        self.pending.append(entry)
        self.sent.append(entry)

    def waiting(self, queue: Queue) -> int:
        return sum(queue_of(job, arguments) is queue for job, arguments in self.pending)

    def names(self) -> list[Job]:
        """Jobs ever sent, oldest first."""
        return [job for job, _ in self.sent]

    def drain(self, handlers: Handlers, *, limit: int = 10_000) -> int:
        """Run jobs, and those they send, until none is left; a job without a handler is dropped."""
        for done in range(limit):
            if not self.pending:
                return done
            job, arguments = self.pending.pop(0)
            if job in handlers:
                handlers[job](**arguments)
        raise AssertionError(f"the queue is not empty after {limit} jobs: {self.pending[:5]}")
