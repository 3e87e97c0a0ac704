"""Subjects that never were: one deterministic scan for every (key, dataset, role, index)."""

from dataclasses import dataclass
from enum import StrEnum

from mood_evaluator.test_set import Dataset
from mood_test_sets.abdomen import grow_abdomen
from mood_test_sets.brain import BrainCondition, grow_brain
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Volume

__all__ = ["SOURCE_SUBJECTS", "Role", "Subject", "grow"]

SOURCE_SUBJECTS = {Dataset.BRAIN: 2, Dataset.ABDOM: 1}  # real templates (one of the brains is an average)


class Role(StrEnum):
    """What a subject is used for; as the role is part of its stream, no subject serves twice."""

    TRAIN = "train"
    TOY = "toy"
    NORMAL = "normal"
    BASE = "base"  # an anomaly goes into it


@dataclass(frozen=True, slots=True)
class Subject:
    dataset: Dataset
    role: Role
    index: int

    @property
    def path(self) -> tuple[str, str, int]:
        return (self.dataset.value, self.role.value, self.index)

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.role}-{self.index:04d}"


def grow(streams: Streams, subject: Subject, *, side: int, condition: BrainCondition | None = None) -> Volume:
    if subject.dataset is Dataset.BRAIN:
        return grow_brain(streams, *subject.path, side=side, condition=condition)
    return grow_abdomen(streams, *subject.path, side=side)
