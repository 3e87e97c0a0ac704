"""The port of the runner: what is asked of a container engine, and the facts it answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mood_evaluator import Dataset, Task
from mood_platform.execution.limits import Limits
from mood_platform.execution.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseJob:
    """One case to run: image, input, limits, and where the collected bytes go."""

    claim_id: str  # names and labels everything that is made for this case
    image: str  # id or reference the engine knows
    task: Task
    dataset: Dataset
    case: Path  # local .nii.gz, given to the container as /mnt/data/case.nii.gz
    output: Path  # the prediction's bytes are written here, unparsed
    log: Path  # stdout and stderr are written here, of much their first and last part
    limits: Limits
    holder_image: str  # contains `sleep`; keeps the volumes and the process namespace alive
    instance: str  # whose containers these are: only they are listed and removed
    gpu: str | None = None  # UUID, or a CDI name such as nvidia.com/gpu=0
    cpuset: str | None = None  # such as "0-3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """What a Node must be able to do before it gets a case."""

    holder_image: str
    instance: str
    gpu: str | None = None
    cpuset: str | None = None
    engine_free_bytes: int = 0  # on the disk of the Engine's data root


class Collected(StrEnum):
    """What lay at the place of the prediction when the container had ended."""

    PRESENT = "present"
    MISSING = "missing"
    IRREGULAR = "irregular"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Facts about one execution, without judgement; `outcome` judges."""

    collected: Collected | None = None  # None: never looked, because the case was stopped or broke
    exit_code: int | None = None
    oom_killed: bool = False  # also true when only a child process was killed
    killed_at_limit: bool = False
    not_started: bool = False  # the engine is well, and refuses this image
    seconds: float = 0.0  # from container start to its end, by the engine's clock
    ran: bool = False  # the submission's container was started, whatever came of it
    engine_error: str | None = None  # for operators: never shown to participants
    gpu_unavailable: bool = False
    limits_refused: bool = False  # the engine is well, and starts nothing with the limits of this case
    engine_restarted: bool = False
    log_truncated: bool = False
    cancelled: bool = False
    usage: Usage | None = None  # None: nothing could be measured


class ContainerRuntime(Protocol):
    """A container engine, seen from the platform."""

    def execute(self, job: CaseJob, *, should_stop: Callable[[], bool]) -> Execution:
        """Runs one case under its limits. Never raises for the engine; leaves nothing behind."""

    def load(self, archive: Path | Iterable[bytes], *, instance: str) -> str:
        """Loads a rewritten archive, holds the image for this instance, and returns the id to run it by."""

    def has_image(self, image: str) -> bool:
        """Whether the engine has the image."""

    def hold_image(self, image: str, *, instance: str) -> bool:
        """Holds an image that is here: nobody else's forgetting takes it away. False where it is not here."""

    def image_bytes(self, image: str) -> int:
        """What the engine says that an image it has takes, shared layers included."""

    def remove_image(self, image: str, *, instance: str) -> None:
        """Ends this instance's hold; the image goes with the last. One not here or in use is left alone."""

    def check_image(self, image: str, *, instance: str, limit: int) -> None:
        """SubmissionFault where intake would refuse the image, of at most `limit` bytes unpacked."""

    def claims(self, *, instance: str) -> set[str]:
        """Claim ids of all containers and volumes of this instance that exist now."""

    def remove_claim(self, claim_id: str) -> None:
        """Removes all containers and volumes of a claim, running or not, and makes sure they are gone."""

    def self_test(self, test: SelfTest) -> str | None:
        """Starts a container with the flags of a case and looks from inside; what is wrong, or None."""

    def free_bytes(self) -> int | None:
        """Free on the disk of the engine's data root; None where it cannot be seen from here."""
