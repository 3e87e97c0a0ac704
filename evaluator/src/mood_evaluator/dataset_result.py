"""The result of one Submission on one test set (`mood-dataset-result/1`): the score and all it rests on."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import islice
from typing import Any

from mood_evaluator.batches import Batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.case_score import CaseScore
from mood_evaluator.constant_guess import constant_score
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import Evidence, sum_evidence
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import LoadPositives, PixelCase, mean_ap, pooled_aps, score_sample_dataset
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.suspicions import suspicions_of
from mood_evaluator.test_set import Dataset, Manifest, Task
from mood_evaluator.version import SCORING_VERSION, __version__

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

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "BatchedScore":
        return cls(document["batching"], tuple(document["batch_aps"]), document["mean"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScore:
    """`score` is None where too few predictions were valid: "no result", which is not a 0."""

    score: float | None = None
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
        return {
            "score": self.score,
            "valid": self.valid,
            "total": self.total,
            "valid_share": self.valid_share,
            "official": None if self.official is None else self.official.to_json(),
            "validation": None if self.validation is None else self.validation.to_json(),
            "whole_set_ap": self.whole_set_ap,
            "quantized": dict(self.quantized),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SetScore":
        names = ("official", "validation")
        batched = {name: BatchedScore.from_json(document[name]) for name in names if document[name]}
        return cls(**{**document, **batched})


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetResult(SetScore):
    """A score, and whose and of what it is."""

    task: Task
    dataset: Dataset
    test_set: str
    test_set_digest: str
    constant: float | None = None  # score of one value for everything
    suspicions: tuple[Suspicion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "evaluator": __version__,
            "scoring_version": SCORING_VERSION,
            "task": str(self.task),
            "dataset": str(self.dataset),
            "test_set": self.test_set,
            "test_set_digest": self.test_set_digest,
            **SetScore.to_json(self),
            "failed_share": self.failed_share,
            "lossy": list(self.lossy),
            "constant": self.constant,
            "suspicions": [suspicion.to_json() for suspicion in self.suspicions],
        }
        return document | {"digest": canonical_digest(document)}


def result_of(
    *,
    task: Task,
    test_set: Manifest,
    case_scores: Mapping[str, CaseScore],
    cases: Iterable[PixelCase] = (),
    valid_share: float = 0.5,
    positives: Mapping[str, LoadPositives] | None = None,
    threads: int = 1,
) -> DatasetResult:
    """Score a Submission on a test set; see `score_cases`. Maps of toy cases are also turned."""
    cases = tuple(cases)
    wanted = test_set.for_task(task)
    if not wanted:
        raise UndefinedScore(f"The test set {test_set.name} has no case of the {task} task.")
    abnormal = {case.id: case.abnormal for case in wanted}
    scored = score_cases(
        task=task,
        abnormal=abnormal,
        batchings=test_set.batchings,
        case_scores=case_scores,
        cases=cases,
        valid_share=valid_share,
        positives=positives,
        threads=threads,
    )
    result = DatasetResult(
        task=task,
        dataset=test_set.dataset,
        test_set=test_set.name,
        test_set_digest=test_set.digest,
        **{part.name: getattr(scored, part.name) for part in fields(scored)},
    )
    if result.score is None:
        return result
    constant = constant_score(task, abnormal, test_set.batchings, case_scores)
    suspicions = suspicions_of(
        task=task,
        score=result.score,
        constant=constant,
        abnormal=abnormal,
        case_scores=case_scores,
        turn=cases if test_set.purpose == "toy" else (),
    )
    return replace(result, constant=constant, suspicions=suspicions)


def score_cases(
    *,
    task: Task,
    abnormal: Mapping[str, bool],
    batchings: Sequence[Batching],
    case_scores: Mapping[str, CaseScore],
    cases: Iterable[PixelCase] = (),
    valid_share: float = 0.5,
    positives: Mapping[str, LoadPositives] | None = None,
    precision: Quantizer | None = None,
    threads: int = 1,
    on_read: Callable[[], None] | None = None,
) -> SetScore:
    """Score the cases that `abnormal` names.

    `case_scores` has every one of them; `cases` says where the volumes lie (pixel task). Predictions of cases
    that were found invalid are not read again: they count as all zero. The first of `batchings` is official,
    the second validates it; without one all cases are one batch. `positives` is for `pooled_aps`; by default
    it is what `case_scores` hold. With a quantizer as `precision` the Evidence
    gives all APs, without another look at the volumes; `on_read` is called after each look.
    """
    valid, total = sum(case_scores[case_id].valid for case_id in abnormal), len(abnormal)
    result = SetScore(valid=valid, total=total, valid_share=valid_share)
    if valid / total < valid_share:  # 11 / 20 is 0.55 to the bit, 0.55 * 20 is not 11
        return result
    if task is Task.SAMPLE:
        scores = {case_id: case_scores[case_id].score or 0.0 for case_id in abnormal}
        return replace(result, score=score_sample_dataset(scores, abnormal))
    groups = [batch for batching in batchings for batch in batching.batches] + [tuple(abnormal)]
    if precision is None:
        by_id = {case.id: case for case in cases}
        volumes = [_readable(by_id[case_id], case_scores[case_id]) for case_id in abnormal]
        found = _found_positives(case_scores) if positives is None else positives
        aps = pooled_aps(volumes, groups, positives=found, threads=threads, on_read=on_read)
    else:
        aps = tuple(_quantized_ap(case_scores, group, precision) for group in groups)
    return _batch_scores(result, batchings, aps, case_scores)


def _found_positives(case_scores: Mapping[str, CaseScore]) -> dict[str, LoadPositives]:
    found = {case_id: score.positives for case_id, score in case_scores.items()}
    return {case_id: partial(_itself, part) for case_id, part in found.items() if part is not None}


def _itself(positives: PositiveScores) -> PositiveScores:
    return positives


def _readable(case: PixelCase, score: CaseScore) -> PixelCase:
    return case if score.valid else replace(case, prediction=None)


def _batch_scores(
    result: SetScore,
    batchings: Sequence[Batching],
    aps: Sequence[float],
    case_scores: Mapping[str, CaseScore],
) -> SetScore:
    """Tell apart the APs of the batches, and the last one, of the whole set."""
    *of_batches, whole = aps
    remaining = iter(of_batches)
    batched = [_batched(batching, remaining) for batching in batchings]
    official, *others = batched or [BatchedScore(None, (whole,), whole)]
    batches = batchings[0].batches if batched else (tuple(case_scores),)
    return replace(
        result,
        score=official.mean,
        official=official,
        validation=others[0] if others else None,
        whole_set_ap=whole,
        quantized={
            str(quantizer): mean_ap([_quantized_ap(case_scores, batch, quantizer) for batch in batches])
            for quantizer in Quantizer
        },
    )


def _batched(batching: Batching, aps: Iterator[float]) -> BatchedScore:
    own = tuple(islice(aps, len(batching.batches)))
    return BatchedScore(batching.digest, own, mean_ap(own))


def _quantized_ap(case_scores: Mapping[str, CaseScore], batch: Iterable[str], quantizer: Quantizer) -> float:
    return sum_evidence([_evidence(case_scores[case_id]) for case_id in batch]).ap(quantizer)


def _evidence(score: CaseScore) -> Evidence:
    assert score.evidence is not None, "a scored pixel case has Evidence, a failed one that of zeros"
    return score.evidence
