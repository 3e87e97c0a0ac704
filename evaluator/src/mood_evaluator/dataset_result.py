"""The result of one Submission on one test set (`mood-dataset-result/1`): the score and all it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mood_evaluator.batches import Batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.case_score import CaseScore
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import Evidence, sum_evidence
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase, score_pixel_dataset, score_sample_dataset, whole_set_ap
from mood_evaluator.test_set import Dataset, Task, TestSet
from mood_evaluator.version import __version__

SCHEMA = "mood-dataset-result/1"
TOLERATED = 0.001  # difference of a quantized AP from the exact one that is not worth a warning


@dataclass(frozen=True, slots=True)
class BatchedScore:
    """Scores under one batching; without a stored batching the whole test set is one batch."""

    batching: str | None  # digest
    batch_aps: tuple[float, ...]
    mean: float

    def to_json(self) -> dict[str, Any]:
        return {"batching": self.batching, "batch_aps": list(self.batch_aps), "mean": self.mean}


@dataclass(frozen=True, slots=True)
class DatasetResult:
    """`score` is None where too few predictions were valid: "no result", which is not a 0."""

    task: Task
    dataset: Dataset
    test_set: str
    test_set_digest: str
    score: float | None
    valid: int  # cases with a valid prediction
    total: int
    valid_share: float  # needed for a result
    official: BatchedScore | None = None  # pixel task
    validation: BatchedScore | None = None  # the second batching
    whole_set_ap: float | None = None
    quantized: Mapping[str, float] = field(default_factory=dict)  # mean batch AP by quantizer

    @property
    def failed_share(self) -> float:
        return (self.total - self.valid) / self.total

    @property
    def lossy(self) -> tuple[str, ...]:
        """The quantizers whose AP differs from the exact one by more than is tolerated."""
        if self.score is None:
            return ()
        return tuple(name for name, ap in self.quantized.items() if abs(ap - self.score) > TOLERATED)

    def to_json(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "evaluator": __version__,
            "task": str(self.task),
            "dataset": str(self.dataset),
            "test_set": self.test_set,
            "test_set_digest": self.test_set_digest,
            "score": self.score,
            "valid": self.valid,
            "total": self.total,
            "failed_share": self.failed_share,
            "valid_share": self.valid_share,
            "official": None if self.official is None else self.official.to_json(),
            "validation": None if self.validation is None else self.validation.to_json(),
            "whole_set_ap": self.whole_set_ap,
            "quantized": dict(self.quantized),
            "lossy": list(self.lossy),
        }
        return document | {"digest": canonical_digest(document)}


def result_of(
    *,
    task: Task,
    test_set: TestSet,
    case_scores: Mapping[str, CaseScore],
    cases: Iterable[PixelCase] = (),
    valid_share: float = 0.5,
) -> DatasetResult:
    """Score a Submission on a test set.

    `case_scores` has every case of the task; `cases` says where the volumes lie (pixel task). Predictions of
    cases that were found invalid are not read again: they count as all zero.
    """
    wanted = test_set.for_task(task)
    if not wanted:
        raise UndefinedScore(f"The test set {test_set.name} has no case of the {task} task.")
    result = DatasetResult(
        task=task,
        dataset=test_set.dataset,
        test_set=test_set.name,
        test_set_digest=test_set.digest,
        score=None,
        valid=sum(case_scores[case.id].valid for case in wanted),
        total=len(wanted),
        valid_share=valid_share,
    )
    if result.valid / result.total < valid_share:  # 11 / 20 is 0.55 to the bit, 0.55 * 20 is not 11
        return result
    if task is Task.SAMPLE:
        scores = {case.id: case_scores[case.id].score or 0.0 for case in wanted}
        return replace(
            result, score=score_sample_dataset(scores, {case.id: case.abnormal for case in wanted})
        )
    return _add_pixel_scores(result, test_set, case_scores, cases)


def _add_pixel_scores(
    result: DatasetResult,
    test_set: TestSet,
    case_scores: Mapping[str, CaseScore],
    cases: Iterable[PixelCase],
) -> DatasetResult:
    by_id = {case.id: case for case in cases}
    volumes = [
        by_id[case.id] if case_scores[case.id].valid else replace(by_id[case.id], prediction=None)
        for case in test_set.for_task(Task.PIXEL)
    ]
    whole = whole_set_ap(volumes)
    batched = [_score_batching(volumes, batching) for batching in test_set.batchings]
    official, *others = batched or [BatchedScore(None, (whole,), whole)]
    batches = test_set.batchings[0].batches if batched else (tuple(case.id for case in volumes),)
    return replace(
        result,
        score=official.mean,
        official=official,
        validation=others[0] if others else None,
        whole_set_ap=whole,
        quantized={
            str(quantizer): _quantized_mean(case_scores, batches, quantizer) for quantizer in Quantizer
        },
    )


def _score_batching(cases: Sequence[PixelCase], batching: Batching) -> BatchedScore:
    score = score_pixel_dataset(cases, batching)
    return BatchedScore(batching.digest, score.batch_aps, score.mean)


def _quantized_mean(
    case_scores: Mapping[str, CaseScore], batches: Iterable[tuple[str, ...]], quantizer: Quantizer
) -> float:
    pooled = (sum_evidence([_evidence(case_scores[case_id]) for case_id in batch]) for batch in batches)
    return float(np.mean([evidence.ap(quantizer) for evidence in pooled]))


def _evidence(score: CaseScore) -> Evidence:
    assert score.evidence is not None, "a scored pixel case has Evidence, a failed one that of zeros"
    return score.evidence
