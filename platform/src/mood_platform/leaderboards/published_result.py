"""What everybody reads of a Run's result: as many digits as are ranked, and no batch by itself.

All digits of a score tell apart nearly all ways in which the labels of a few scans could lie; so would a
digest of them. Organizers' exports hold everything.
"""

from __future__ import annotations

from mood_evaluator import as_published
from mood_platform.documents.leaderboard import PublishedObjects, PublishedResult
from mood_platform.documents.set_result import BatchedMean, ObjectResult, SetResult


def published_result(result: SetResult) -> PublishedResult:
    return PublishedResult(
        evaluator=result.evaluator,
        valid=result.valid,
        total=result.total,
        valid_share=result.valid_share,
        failed_share=result.failed_share,
        lossy=result.lossy,
        scoring_version=result.scoring_version,
        score=as_published(result.score),
        official=_mean_of(result.official),
        validation=_mean_of(result.validation),
        whole_set_ap=as_published(result.whole_set_ap),
        object_sensitivity=_objects_of(result.object_sensitivity),
        quantized={name: as_published(ap) for name, ap in result.quantized.items()},
    )


def _mean_of(batched: BatchedMean | None) -> BatchedMean | None:
    return (
        None if batched is None else BatchedMean(batching=batched.batching, mean=as_published(batched.mean))
    )


def _objects_of(found: ObjectResult | None) -> PublishedObjects | None:
    if found is None:
        return None
    return PublishedObjects(
        false_alarms_a_scan=found.false_alarms_a_scan,
        rule=found.rule,
        score=as_published(found.score),
        sensitivity=tuple(map(as_published, found.sensitivity)),
    )
