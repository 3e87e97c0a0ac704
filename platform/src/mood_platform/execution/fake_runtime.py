"""A ContainerRuntime without an engine: what each case does is scripted, and nothing is executed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mood_platform.execution.runtime import CaseJob, Collected, Execution, SelfTest


@dataclass(frozen=True, slots=True)
class Scripted:
    """What the container of one case is said to have done."""

    prediction: bytes | None = None  # written to the job's output, like collected bytes
    log: bytes = b""
    execution: Execution = field(default_factory=lambda: Execution(exit_code=0, seconds=0.1))

    @classmethod
    def writing(cls, prediction: bytes, *, log: bytes = b"", exit_code: int = 0) -> Scripted:
        """A container that wrote this prediction."""
        facts = Execution(exit_code=exit_code, seconds=0.1, collected=Collected.PRESENT)
        return cls(prediction, log, facts)

    @classmethod
    def ending(cls, exit_code: int, *, log: bytes = b"") -> Scripted:
        """A container that ended without a prediction."""
        return cls(None, log, Execution(exit_code=exit_code, seconds=0.1, collected=Collected.MISSING))


Script = Callable[[CaseJob], Scripted]


class FakeRuntime:
    """Follows `script`; remembers what it was asked. `before_case` lets a test act while a case runs."""

    def __init__(
        self, script: Script | None = None, *, before_case: Callable[[CaseJob], None] | None = None
    ) -> None:
        self._script = script or (lambda _job: Scripted.ending(0))
        self._before_case = before_case
        self.unwell: str | None = None
        """What its self-test finds."""
        self.tests = 0
        self.images: set[str] = set()
        self.jobs: list[CaseJob] = []
        self.live: dict[str, str] = {}  # instance by claim id, for claims a test wants left behind

    def execute(self, job: CaseJob, *, should_stop: Callable[[], bool]) -> Execution:
        self.jobs.append(job)
        self.live[job.claim_id] = job.instance
        try:
            return self._follow(job, should_stop)
        finally:
            self.remove_claim(job.claim_id)

    def _follow(self, job: CaseJob, should_stop: Callable[[], bool]) -> Execution:
        if self._before_case is not None:
            self._before_case(job)
        if should_stop():
            return Execution(cancelled=True, exit_code=137)
        scripted = self._script(job)
        job.log.write_bytes(scripted.log[-job.limits.log :])
        if scripted.prediction is not None:
            job.output.write_bytes(scripted.prediction)
        return scripted.execution

    def load(self, archive: Path | Iterable[bytes], *, instance: str) -> str:  # noqa: ARG002 - the port's
        content = archive.read_bytes() if isinstance(archive, Path) else b"".join(archive)
        image = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.images.add(image)
        return image

    def has_image(self, image: str) -> bool:
        return image in self.images

    def hold_image(self, image: str, *, instance: str) -> bool:  # noqa: ARG002 - the port's
        return image in self.images

    def image_bytes(self, image: str) -> int:  # noqa: ARG002 - the port's
        return 1

    def remove_image(self, image: str, *, instance: str) -> None:  # noqa: ARG002 - the port's
        self.images.discard(image)

    def check_image(self, image: str, *, instance: str, limit: int) -> None:
        """Whatever a test runs, intake would take it."""

    def claims(self, *, instance: str) -> set[str]:
        return {claim for claim, owner in self.live.items() if owner == instance}

    def remove_claim(self, claim_id: str) -> None:
        self.live.pop(claim_id, None)

    def self_test(self, test: SelfTest) -> str | None:  # noqa: ARG002 - the port's signature
        self.tests += 1
        return self.unwell

    def free_bytes(self) -> int | None:
        return None
