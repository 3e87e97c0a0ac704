"""The Door: all that a Node can reach of the platform. Nothing of a label or of a team passes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from mood_evaluator import Dataset, Task
from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Execution
from mood_platform.execution.starvation import Lack
from mood_platform.terms import KeptKind, Stage

Facts = Mapping[str, object]
"""What may change a result or a time: CPU, memory, GPU, driver, Engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What a slot says of itself: its name, where it is, what it takes, and why it can take nothing now."""

    name: str
    machine: str
    stages: Collection[Stage]
    facts: Facts
    unfit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What the platform thinks of a Node that has just said that it is there."""

    well: bool
    test_due: bool
    """Its self-test comes before the next case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimingNode:
    """Who claims: its slot's name, its machine, its facts for the record, and the images it already has."""

    name: str
    facts: Facts
    machine: str = ""
    images: Collection[str] = ()
    speed: float = 1.0
    """Nominal seconds that a Team is charged for one of its seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """All that a Node learns about a case: never its id in the test set, its label or its team."""

    claim_id: UUID
    run_id: UUID
    case_run_id: UUID
    image: str
    """Digest; the id to run by and the name of the archive in the store."""
    task: Task
    dataset: Dataset
    case_sha256: str
    limits: Limits
    """Of the Run, with an output no larger than this case can need: no more is said than its scan shows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """To a Node that asked for a case."""

    claim: Claim | None
    rings_again: bool = False
    """A bell was rung that wakes this very slot, for work that is not for it: it rests first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a case left: an object that is in the store already."""

    kind: KeptKind
    key: str
    size: int
    """Bytes."""
    sha256: str


class Door(Protocol):
    """Each call is one exchange; Unreachable says that the platform cannot be asked just now."""

    def attend(self, presence: Presence) -> Fitness:
        """Say that a slot is there, and why it can take nothing, if so."""

    def report_self_test(self, *, name: str, problem: str | None) -> None:
        """Tell how the self-test of the Node ended; None: it passed."""

    def ring(self) -> None:
        """Ring for all that waits: another slot hears it."""

    def claim(self, node: ClaimingNode, *, stages: Collection[Stage]) -> Answer:
        """The next case for this Node, if there is one."""

    def heartbeat(self, claim_id: UUID) -> bool:
        """Keep a claim; False: it is lost, stop the container, drop the result."""

    def record(
        self,
        claim_id: UUID,
        *,
        outcome: Outcome,
        execution: Execution,
        left: Sequence[Left] = (),
        lack: Lack | None = None,
    ) -> bool:
        """How the case ended; False: the claim is not held any more, drop the result.

        `lack`: what the Node did not give a case that was killed at its limit.
        """

    def live_claims(self, claim_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the given claims that are held now."""

    def image(self, digest: str) -> AbstractContextManager[Path]:
        """The archive of a claim's image, as a local file for as long as the context lasts."""

    def case(self, sha256: str) -> AbstractContextManager[Path]:
        """The scan of a claim, as a local file for as long as the context lasts."""

    def keep(self, claim: Claim, kind: KeptKind, path: Path) -> Left:
        """Store what the case left, unread. It comes before the record that names it."""

    def find_lack(self) -> str | None:
        """Why the platform can keep nothing just now; None: it can."""
