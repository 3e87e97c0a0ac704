"""The results of a Run (mood-run-results/1): the evaluator's result of each test set, and its grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from mood_evaluator import Dataset, Task, as_published
from mood_platform.documents.case_score import StoredScore
from mood_platform.documents.node_class import NodeClass
from mood_platform.documents.set_result import SetResult
from mood_platform.documents.stored import Sealed, Stored

SCHEMA = "mood-run-results/1"
LARGEST = 64 * 2**20
"""Bytes of one that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult(Stored):
    """How the case of a Run ended; `prediction` and `evidence` are keys of the store."""

    outcome: str
    reason: str | None
    attempt: int
    seconds: float | None
    flags: tuple[str, ...]
    score: StoredScore | None
    prediction: str | None
    evidence: str | None

    @property
    def is_valid(self) -> bool:
        return self.score is not None and self.score.valid


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSet(Stored):
    """`dropped` are the ids of cases that count for nobody, which it was made without."""

    name: str
    digest: str
    purpose: str
    dataset: Dataset
    not_hidden: bool
    dropped: tuple[str, ...] = ()
    result: SetResult
    cases: Mapping[str, CaseResult]
    """By the Case's id in the manifest."""

    def both_batchings(self) -> tuple[float, float] | None:
        """The official score and that of the validating batching, as published; objects know no batches."""
        official, validation = self.result.official, self.result.validation
        if self.result.object_sensitivity is not None or official is None or validation is None:
            return None
        return as_published(official.mean), as_published(validation.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSubmission(Stored):
    """Whose Run it was."""

    id: str
    team: str
    number: int
    task: Task
    submitted_at: str


@dataclass(frozen=True, kw_only=True)
class RunResults(Sealed):
    """Of a challenge Run one test set a Dataset. For organizers."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA})

    schema: str = SCHEMA
    run: str
    number: int
    rescoring: int | None = None
    stage: str
    submission: ScoredSubmission
    image: str | None
    limits: Mapping[str, Any]
    scoring: Mapping[str, Any]
    node_classes: tuple[NodeClass, ...]
    """More than one is worth a look."""
    test_sets: tuple[ScoredSet, ...]
    digest: str = ""

    @cached_property
    def parts(self) -> Mapping[Dataset, ScoredSet]:
        return {part.dataset: part for part in self.test_sets}

    def score(self, dataset: Dataset) -> float | None:
        """The score that ranks; None is "no result"."""
        return self.parts[dataset].result.ranking_score

    @property
    def evaluator(self) -> str:
        """Version of the evaluator that scored the Run."""
        return ", ".join(sorted({part.result.evaluator for part in self.test_sets}))

    @property
    def scoring_version(self) -> int:
        """That of its numbers; one evaluator scored all test sets of a Run at once."""
        return min(part.result.scoring_version for part in self.test_sets)

    @property
    def dropped(self) -> Mapping[Dataset, frozenset[str]]:
        """Ids of the cases it was made without; Datasets without one are left out."""
        return {part.dataset: frozenset(part.dropped) for part in self.test_sets if part.dropped}

    @property
    def digests(self) -> Mapping[Dataset, str]:
        return {part.dataset: part.digest for part in self.test_sets}
