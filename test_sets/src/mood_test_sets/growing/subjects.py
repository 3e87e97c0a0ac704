"""Subjects that never were: one deterministic scan for every (key, dataset, role, index)."""

from dataclasses import dataclass
from enum import StrEnum

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.abdomen import grow_abdomen
from mood_test_sets.growing.anatomy import HEALTHY, Anatomy, Look
from mood_test_sets.growing.brain import grow_brain
from mood_test_sets.growing.real import RealScan, mark, resample_real
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Volume

__all__ = ["SOURCE_SUBJECTS", "RealScan", "Role", "Subject", "grow", "mark"]

SOURCE_SUBJECTS = {Dataset.BRAIN: 2, Dataset.ABDOM: 1}  # real templates (one of the brains is an average)


class Role(StrEnum):
    """What a subject is used for; as the role is part of its stream, no subject serves twice.

    Sets beyond training, toy and test have roles of their own, such as `toyish-base`.
    """

    TRAIN = "train"
    TOY = "toy"
    NORMAL = "normal"
    BASE = "base"  # an anomaly goes into it


@dataclass(frozen=True, slots=True)
class Subject:
    dataset: Dataset
    role: str
    index: int
    scan: RealScan | None = None  # None: grown from the scans that ship with the package

    @property
    def path(self) -> tuple[str, str, int]:
        return (self.dataset.value, str(self.role), self.index)

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.role}-{self.index:04d}"


def grow(
    streams: Streams,
    subject: Subject,
    *,
    side: int,
    anatomy: Anatomy = HEALTHY,
    look: Look = Look.STANDARD,
) -> Volume:
    """The subject's scan of side³ voxels, as that scanner shows it."""
    if subject.scan is not None:
        return resample_real(streams, subject.path, subject.scan, side=side, anatomy=anatomy, look=look)
    grow_one = grow_brain if subject.dataset is Dataset.BRAIN else grow_abdomen
    return grow_one(streams, *subject.path, side=side, anatomy=anatomy, look=look)
