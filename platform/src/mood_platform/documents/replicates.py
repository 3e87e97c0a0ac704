"""The replicates of one Run's results (mood-replicates/2): how its scores would vary with other scans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np

from mood_evaluator import Dataset, Replicates
from mood_platform.documents.stored import WHERE_KNOWN, Sealed, Stored

SCHEMA = "mood-replicates/2"
BEFORE = "mood-replicates/1"
"""Without `made_of`: never from exact counts."""
LARGEST = 64 * 2**20
"""Bytes of one that is read."""


class Source(StrEnum):
    """What replicates are made from."""

    SCORES = "scores"
    """Of scans: the sample task."""
    EVIDENCE = "evidence"
    """Voxels' scores, rounded to `two_sided` codes."""
    EXACT = "exact"
    """Voxels' scores as the official AP takes them, where `two_sided` has another AP."""
    OBJECTS = "objects"
    """Objects at each threshold, where these are what ranks."""
    NOTHING = "nothing"
    """There is no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOf(Stored):
    """Of exact counts with the number of thresholds, whether they are complete, and the score they give."""

    source: Source
    thresholds: int | None = field(default=None, metadata=WHERE_KNOWN)
    complete: bool | None = field(default=None, metadata=WHERE_KNOWN)
    score: float | None = field(default=None, metadata=WHERE_KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScores(Stored):
    replicates: tuple[float, ...]
    influences: tuple[float, ...]

    @classmethod
    def of(cls, drawn: Replicates) -> DrawnScores:
        return cls(replicates=tuple(drawn.draws.tolist()), influences=tuple(drawn.influences.tolist()))

    @property
    def drawn(self) -> Replicates:
        return Replicates(np.array(self.replicates), np.array(self.influences))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReplicates(Sealed):
    """By Dataset; None where there is no result. `results` is the digest of what they were made of."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA, BEFORE})

    schema: str = SCHEMA
    results: str
    scoring_version: int
    draws: int
    seed: int
    made_of: Mapping[Dataset, MadeOf] = field(default_factory=dict)
    datasets: Mapping[Dataset, DrawnScores | None]

    def exact(self, dataset: Dataset) -> bool:
        return dataset in self.made_of and self.made_of[dataset].source is Source.EXACT

    def of(self, dataset: Dataset) -> Replicates | None:
        found = self.datasets[dataset]
        return None if found is None else found.drawn
