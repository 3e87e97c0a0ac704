"""The evaluator's result of one test set (mood-dataset-result/1), with objects where these are what ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mood_evaluator import Quantizer, SetScore, canonical_digest
from mood_evaluator.objects import ObjectSweep
from mood_platform.documents.stored import Kept, Stored

OBJECTS = "object_sensitivity"
"""Where objects rank: the field of a result that has them, and what a board says it is ranked by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedMean(Stored):
    """Under which batching, and the mean over its batches; of results from before, without its digest."""

    batching: str | None
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected(Stored):
    """What looks wrong with a method on a whole test set; see the evaluator's Suspicion."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectResult(Stored):
    """The share of objects found at each rate of false alarms, their mean, and what it rests on."""

    score: float
    false_alarms_a_scan: tuple[float, ...]
    sensitivity: tuple[float, ...]
    rule: Mapping[str, object]
    sweep: Mapping[str, Any]

    @property
    def swept(self) -> ObjectSweep:
        return ObjectSweep.from_json(self.sweep)


@dataclass(frozen=True, kw_only=True)
class SetResult(Kept):
    """`score` is the AP, None where too few predictions were valid: "no result"."""

    evaluator: str
    scoring_version: int = 1
    score: float | None
    valid: int
    total: int
    valid_share: float
    failed_share: float
    lossy: tuple[str, ...]
    official: BatchedMean | None
    validation: BatchedMean | None
    whole_set_ap: float | None
    quantized: Mapping[str, float]
    constant: float | None = None
    suspicions: tuple[Suspected, ...] = ()
    object_sensitivity: ObjectResult | None = None

    @property
    def set_score(self) -> SetScore:
        known = {one.name for one in fields(SetScore)}
        return SetScore.from_json({name: self.written[name] for name in self.written.keys() & known})

    @property
    def ranking_score(self) -> float | None:
        """Of objects where the result has them, else the AP. None is "no result"."""
        return self.score if self.object_sensitivity is None else self.object_sensitivity.score

    @property
    def is_coarse(self) -> bool:
        """Whether rounded scores have another AP than the scores.

        What is ranked by objects has none: they come from rounded scores to begin with.
        """
        return Quantizer.TWO_SIDED in self.lossy and self.object_sensitivity is None

    def with_objects(self, found: ObjectResult) -> SetResult:
        document = {**self.written, OBJECTS: found.to_json()}
        return self.from_json(document | {"digest": canonical_digest(document)}, place="the result")
